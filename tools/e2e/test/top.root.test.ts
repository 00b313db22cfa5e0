import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, missing, World } from './lib/world.ts';

const why = cannot();

describe.skipIf(why !== undefined)(`imgctl top${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
    await world.ok('create', 'name', 'busy', 'vir', 'proc');
    await world.ok('create', 'name', 'idle', 'vir', 'proc');
    await world.ok('create', 'name', 'empty');
    await world.ok('exec', '-d', 'busy', '--', 'sh', '-c', 'exec > /dev/null 2>&1; while :; do :; done');
    await world.ok('exec', '-d', 'idle', '--', 'sh', '-c', 'exec sleep 1000 > /dev/null 2>&1');
  });
  afterAll(async () => {
    await world.ok('destroy', '-g', '0', 'busy', 'idle', 'empty');
    await world[Symbol.asyncDispose]();
  });

  it('one table, the busiest first', async () => {
    const lines = (await world.ok('top', '-i', '0.5')).split('\n');
    expect(lines[0]).toMatch(/^3 images, 2 processes, [\d.]+% of a processor, [\d.]+[KM]$/);
    expect(lines.slice(2, 6).map((line) => line.trim().split(/ +/).map((cell) => cell.replace(/^[\d.:]+[BKM]?$/, '#')).join(' '))).toEqual(['PROCESSES %CPU TIME MEMORY IMAGE', '# # # # busy', '# # # # idle', '# # # # empty']);
    expect(Number(lines[3]?.trim().split(/ +/)[1])).toBeGreaterThan(20);
  });

  it('of one image, each process; as JSON', async () => {
    expect(await world.ok('top', '-i', '.2', 'idle')).toMatch(/^1 image, 1 process, .*\n\n *PID +%CPU +TIME +MEMORY +COMMAND\n *\d+ +0\.0 +0:00\.\d\d +[\d.]+[KM] +sleep 1000\n$/);
    const [busy] = JSON.parse(await world.ok('top', '-i', '0.3', '--json')) as readonly Record<string, unknown>[];
    expect(busy).toEqual({ image: 'busy', processes: 1, percent: expect.any(Number), cpu: expect.any(Number), memory: expect.any(Number) });
    const lines = (await world.ok('top', '-i', '0.1', '-n', '3', '--json', 'idle')).trim().split('\n');
    expect(lines.map((line) => Reflect.get(Object(JSON.parse(line)), 0))).toEqual(Array(3).fill(expect.objectContaining({ image: 'idle', command: 'sleep 1000', percent: 0 })));
  });

  it('mistakes', async () => {
    for (const [args, said] of [[['-i', '0'], /--interval: expected seconds, not "0"/], [['-n', 'many'], /--count: expected a number of tables/], [['nobody'], /ESRCH: no image "nobody"/]] as const) {
      expect((await world.imgctl('top', ...args)).err).toMatch(said);
    }
  });

  const script = missing('script', 'bsdutils');
  it.skipIf(script !== undefined)(`on a terminal it goes on until q is typed${script === undefined ? '' : `: ${script}`}`, async () => {
    for (const key of ['q', '\u0003']) {
      const terminal = world.spawn(['script', '-qec', `stty rows 8 cols 60; ${process.execPath} ${mainFile} top -i 0.2; echo ended $?; stty -a | grep -o -- '-\\?icanon'`, '/dev/null'], { env: { TERM: 'xterm' } });
      let seen = '';
      terminal.stdout?.setEncoding('utf8').on('data', (text: string) => { seen += text; });
      const ended = once(terminal, 'close');
      while ((seen.match(/% of a processor/g) ?? []).length < 3) await new Promise((resolve) => setTimeout(resolve, 50));
      terminal.stdin?.write(key);
      await ended;
      // The screen that was there is back, and the terminal as it was.
      expect(seen.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
      expect(seen).toContain('\u001b[?25h\u001b[?1049l');
      expect(seen).toMatch(/ended 0\r\nicanon/);
      expect(seen).toContain('busy');
    }
  });

  it.skipIf(script !== undefined)(`it is drawn anew as soon as the terminal has another size${script === undefined ? '' : `: ${script}`}`, async () => {
    const terminal = world.spawn(['script', '-qec', `stty rows 8 cols 60; tty=$(tty); (sleep 3; stty rows 8 cols 20 < $tty) & ${process.execPath} ${mainFile} top -i 600`, '/dev/null'], { env: { TERM: 'xterm' } });
    let seen = '';
    terminal.stdout?.setEncoding('utf8').on('data', (text: string) => { seen += text; });
    const ended = once(terminal, 'close');
    await expect.poll(() => (seen.match(/3 images/g) ?? []).length, { timeout: 20_000 }).toBe(2);
    terminal.stdin?.write('q');
    await ended;
    const [, wide = '', narrow = ''] = seen.split('\u001b[H');
    expect(wide).toContain('% of a processor');
    expect(narrow).not.toContain('% of a processor');
  });
});
