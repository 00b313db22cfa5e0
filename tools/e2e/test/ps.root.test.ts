import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, workspace, World } from './lib/world.ts';

const why = cannot();
const imgexec = path.join(workspace, 'packages/linux/dist/imgexec');

/** The numbers that the kernel says a process has, from here inwards. */
const numbers = (pid: string): readonly string[] => (/^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '').split(/\s+/);

/** What lives where, and how many pid namespaces of images are around it (two for each that has a process table). */
const residents = [
  { what: 'in an image', image: 'lab', command: 'sleep 821', depth: 2 },
  { what: 'in an image in an image', image: 'lab.web', command: 'sleep 822', depth: 4 },
  { what: 'in an image that lives in its parent’s process table', image: 'lab.guest', command: 'sleep 823', depth: 2 },
  { what: 'in an image, in a pid namespace made within', image: 'lab', command: 'unshare -pf --kill-child sleep 824', depth: 2 },
  { what: 'in an image in an image, two further in', image: 'lab.web', command: 'unshare -pf --kill-child unshare -pf --kill-child sleep 825', depth: 4 },
  { what: 'in an image without a process table', image: 'plain', command: 'sleep 826', depth: 0 },
  { what: 'in an image without one, in a pid namespace made within', image: 'plain', command: 'unshare -pf --kill-child sleep 827', depth: 0 },
] as const;

describe.skipIf(why !== undefined)(`the numbers that ps shows${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let rows: readonly (readonly string[])[];
  let listed: readonly { readonly pid: number; readonly inner: readonly number[]; readonly image: string; readonly command: string }[];

  beforeAll(async () => {
    world = await World.open();
    const file = world.file('ps.rc', 'image lab { children.max 3; vir proc; image web { vir proc; } image guest { vir net; } } image plain { vir net; }\n');
    await world.ok('up', file);
    for (const { image, command } of residents) world.spawn([imgexec, image, '--', ...command.split(' ')], { stdio: 'ignore' }).unref();
    for (const until = Date.now() + 20_000; ; ) {
      listed = await world.json('ps') as typeof listed;
      const there = listed.filter(({ command }) => command.startsWith('sleep')).length;
      if (there === residents.length) break;
      if (Date.now() > until) throw new Error(`${there} of ${residents.length} are there`);
    }
    rows = (await world.ok('ps')).split('\n').map((line) => line.trim().split(/\s+/));
  });
  afterAll(async () => {
    await world.imgctl('destroy', '--grace', '0', 'lab', 'plain');
    await world[Symbol.asyncDispose]();
  });

  it.each(residents)('of a process $what', async ({ image, command, depth }) => {
    const sleeping = command.slice(command.indexOf('sleep'));
    // PID VIEW IMAGE USER S IN COMMAND
    const row = rows.find((words) => words.slice(6).join(' ') === sleeping) ?? [];
    const [pid = '', ...inner] = numbers(row[0] ?? '');
    expect(row.slice(0, 3)).toEqual([pid, inner[depth - 2] ?? '-', inner[depth - 1] ?? '-']);
    expect(row[5]).toBe(image);
    expect(listed.find((each) => each.command === sleeping)).toMatchObject({ pid: Number(pid), inner: inner.slice(0, depth).map(Number), image });
    if (depth === 0) return;
    const cat = async (options: readonly string[], number: string | undefined): Promise<string> => (await world.run([imgexec, ...options, image, '--', 'cat', `/proc/${number}/cmdline`])).out.replaceAll('\0', ' ').trim();
    expect(await cat(['--only', 'proc'], row[1])).toBe(sleeping);
    expect(await cat([], row[2])).toBe(sleeping);
  });
});
