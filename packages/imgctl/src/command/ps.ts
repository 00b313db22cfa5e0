import type { ProcessInfo } from '@vimage/core';
import { readFileSync } from 'node:fs';
import { processesOf } from '../processes.ts';
import type { CommandSpec } from '../spec.ts';

type Row = ProcessInfo & { readonly image: string };

export const ps: CommandSpec = {
  usage: ['[image]'],
  operands: ['image'],
  about: 'PID is the process\'s number here, VIEW its number for "exec -e" into the image\'s processes, IMAGE its number inside ("-" where the image has none of its own).',
  examples: () => [
    { line: 'ps web', does: 'the processes that live in "web"' },
    { line: 'ps', does: 'those of every image' },
    { line: 'ps --json web', does: 'with state, parent and start time' },
  ],
  async run(cx, { operands }) {
    const [only] = operands;
    const kernel = await cx.bareKernel();
    const rows = [...await processesOf(kernel, only)].flatMap(([image, processes]) => processes.map((each): Row => ({ image, ...each })));
    const account = accounts();
    cx.result(rows, () => cx.table(rows, [
      { head: 'PID', of: ({ pid }) => String(pid), right: true },
      { head: 'VIEW', of: ({ inner }) => String(inner.at(-2) ?? '-'), right: true },
      { head: 'IMAGE', of: ({ inner }) => String(inner.at(-1) ?? '-'), right: true },
      { head: 'USER', of: ({ uid }) => account(uid) },
      { head: 'S', of: ({ state }) => state },
      ...(only === undefined ? [{ head: 'IN', of: ({ image }: Row) => image }] : []),
      { head: 'COMMAND', of: ({ command }) => command, cut: 'end' },
    ]));
  },
};

/** Account names by number, as this machine's password file has them; the number where it has none. */
function accounts(): (uid: number) => string {
  let names: ReadonlyMap<string, string> | undefined;
  const read = (): ReadonlyMap<string, string> => {
    try {
      const lines = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
      return new Map(lines.map(([name = '', , uid = '']) => [uid, name]));
    } catch {
      return new Map();
    }
  };
  return (uid) => (names ??= read()).get(String(uid)) ?? String(uid);
}
