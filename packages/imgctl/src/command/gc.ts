import type { CommandSpec } from '../spec.ts';

export const gc: CommandSpec = {
  usage: [],
  operands: [],
  about: 'Every command that changes something does this first.',
  examples: () => [
    { line: 'gc', does: 'says what it undid, one line each; nothing when there was nothing' },
    { line: 'gc --json', does: '{"done": [...]}' },
  ],
  async run(cx) {
    const done = await (await cx.kernel()).gc();
    cx.result({ done }, () => done);
  },
};
