import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, World } from './lib/world.ts';

const why = cannot();

/** The numbers that the kernel says a process has, from here inwards. */
const numbers = (pid: string): readonly string[] => (/^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '').split(/\s+/);

describe.skipIf(why !== undefined)(`the numbers that ps shows${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;

  beforeAll(async () => {
    world = await World.open();
    await world.ok('create', 'name', 'lab', 'children.max', '3', 'vir', 'proc');
    await world.ok('create', 'name', 'lab.web', 'vir', 'proc');
    await world.ok('create', 'name', 'lab.guest', 'vir', 'net');
    await world.ok('create', 'name', 'plain', 'vir', 'net');
  });
  afterAll(async () => {
    await world.imgctl('destroy', '--grace', '0', 'lab', 'plain');
    await world[Symbol.asyncDispose]();
  });

  /** Starts something in an image, and the row that ps has of it. */
  const row = async (image: string, command: string): Promise<{ pid: string; view: string; image: string }> => {
    const child = world.spawn([process.execPath, mainFile, 'exec', image, '--', ...command.split(' ')], { stdio: 'ignore' });
    child.unref();
    const sleeping = command.slice(command.indexOf('sleep'));
    const find = async (): Promise<readonly string[]> => {
      const rows = (await world.ok('ps', image)).split('\n').map((line) => line.trim().split(/\s+/));
      return rows.find((words) => words.slice(5).join(' ') === sleeping) ?? [];
    };
    await expect.poll(find, { timeout: 10_000 }).not.toEqual([]);
    const [pid = '', view = '', inside = ''] = await find();
    return { pid, view, image: inside };
  };
  const command = async (...args: readonly string[]): Promise<string> => (await world.ok('exec', ...args)).replaceAll('\0', ' ').trim();

  it.each([
    ['an image', 'lab', 'sleep 821', 1],
    ['an image in an image', 'lab.web', 'sleep 822', 3],
    ['an image that lives in its parent’s process table', 'lab.guest', 'sleep 823', 1],
    ['an image, by a process that made a pid namespace within', 'lab', 'unshare -pf --kill-child sleep 824', 1],
    ['an image in an image, the same', 'lab.web', 'unshare -pf --kill-child unshare -pf --kill-child sleep 825', 3],
  ])('%s', async (_, image, line, depth) => {
    const shown = await row(image, line);
    const sleeping = line.slice(line.indexOf('sleep'));
    const [pid, ...inner] = numbers(shown.pid);
    expect(shown).toEqual({ pid, view: inner[depth - 1], image: inner[depth] });
    expect(await command('-e', '--only', 'proc', image, '--', 'cat', `/proc/${shown.view}/cmdline`)).toBe(sleeping);
    expect(await command(image, '--', 'cat', `/proc/${shown.image}/cmdline`)).toBe(sleeping);
    const rows = await world.json('ps', image) as { pid: number; inner: number[] }[];
    expect(rows.find((each) => String(each.pid) === pid)?.inner.map(String)).toEqual(inner.slice(0, depth + 1));
  });

  it.each(['sleep 826', 'unshare -pf --kill-child sleep 827'])('an image without a process table: none but ours (%s)', async (line) => {
    const shown = await row('plain', line);
    expect(shown).toEqual({ pid: numbers(shown.pid)[0], view: '-', image: '-' });
  });
});
