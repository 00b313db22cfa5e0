import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { settled } from './lib/killed.ts';
import { cannot, mainFile, World } from './lib/world.ts';

const why = cannot();

interface Row {
  readonly pid: number;
  readonly inner: readonly number[];
  readonly command: string;
}

/** Where no cgroup can be made, who lives in an image is told by descent; a user sees no difference. */
describe.skipIf(why !== undefined)(`without any cgroup${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];
  const imgctl = (...args: readonly string[]): readonly string[] => [process.execPath, mainFile, ...args];
  const commands = async (image: string): Promise<readonly string[]> => (await world.json('ps', image) as Row[]).map(({ command }) => command).sort();
  const daemon = 'setsid sh -c "sleep 801 & sleep 802 & exit" >/dev/null 2>&1 < /dev/null &';

  beforeAll(async () => {
    ({ world, before } = await World.started({ cgroups: false }));
  });
  afterEach(() => settled(world, before, 'a test left something'));
  afterAll(() => world[Symbol.asyncDispose]());

  it.each([['net'], ['proc'], ['net', 'vir', 'proc']])('%s %s %s: ps, kill, refs and destroy reach what has daemonized', async (...vir) => {
    await world.ok('create', 'name', 'web', 'vir', ...vir.filter((word) => word !== undefined));
    expect((await world.run(imgctl('exec', 'web', '--', 'sh', '-c', `${daemon} exit 7`))).status).toBe(7);
    await expect.poll(() => commands('web')).toEqual(['sleep 801', 'sleep 802']);
    const [row] = await world.json('ps', 'web') as Row[];
    expect(row?.inner).toHaveLength(vir.includes('proc') ? 2 : 0);
    await world.ok('kill', 'web', String(row?.pid), '-s', 'KILL');
    await expect.poll(() => commands('web')).toHaveLength(1);
    expect(await world.ok('refs', 'web')).toMatch(/process .*sleep 80/);
    expect((await world.imgctl('kill', 'web', '1')).err).toContain('ESRCH');
    expect(await world.ok('destroy', 'web')).toContain('web');
    expect(world.processes().filter((line) => line.includes('sleep 80'))).toEqual([]);
  });

  it('an image within: each has its own processes, and knows where it is', async () => {
    await world.ok('create', 'name', 'lab', 'children.max', '4', 'vir', 'net');
    await world.ok('create', 'name', 'lab.in', 'vir', 'net');
    expect(JSON.parse(await world.ok('exec', 'lab', '--', ...imgctl('ls', '--json')))).toMatchObject([{ name: 'in' }]);
    const outer = world.spawn(imgctl('exec', 'lab', '--', 'sleep', '803'));
    const inner = world.spawn(imgctl('exec', 'lab.in', '--', 'sleep', '804'));
    await expect.poll(() => commands('lab')).toEqual(['sleep 803']);
    await expect.poll(() => commands('lab.in')).toEqual(['sleep 804']);
    await world.ok('destroy', 'lab.in');
    expect(await commands('lab')).toEqual(['sleep 803']);
    await world.ok('destroy', 'lab');
    expect([outer.exitCode, inner.exitCode]).toEqual([143, 143]);
  });

  it('a keeper that is killed takes its command with it', async () => {
    await world.ok('create', 'name', 'web', 'vir', 'net');
    const child = world.spawn(imgctl('exec', 'web', '--', 'sleep', '805'));
    await expect.poll(() => commands('web')).toEqual(['sleep 805']);
    const [row] = await world.json('ps', 'web') as Row[];
    const keeper = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${row?.pid}/status`, 'utf8'))?.[1];
    process.kill(Number(keeper), 'SIGKILL');
    expect(await once(child, 'exit')).toEqual([137, null]);
    expect(await commands('web')).toEqual([]);
    await world.ok('destroy', 'web');
  });

  it('run, also when imgctl is killed', async () => {
    expect((await world.run(imgctl('run', 'vir', 'net', 'vir', 'proc', '--', 'sh', '-c', `${daemon} exit 5`))).status).toBe(5);
    const child = world.spawn(imgctl('run', 'name', 'one', 'vir', 'net', '--', 'sleep', '806'));
    await expect.poll(async () => (await world.json('ls') as { name: string }[]).map(({ name }) => name)).toEqual(['one']);
    await expect.poll(() => commands('one')).toEqual(['sleep 806']);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect.poll(async () => (await world.run(imgctl('gc'))).status).toBe(0);
    await world.sh('pkill -KILL -f "^sleep 806" || :');
    await expect.poll(() => world.ok('gc').then(() => world.ok('ls'))).not.toContain('one');
  });

  it('a limit of processes says what is missing', async () => {
    const { status, err } = await world.imgctl('create', 'name', 'web', 'vir', 'proc', 'max', '5');
    expect([status, err]).toEqual([1, expect.stringMatching(/EOPNOTSUPP.*pids controller/s)]);
  });
});
