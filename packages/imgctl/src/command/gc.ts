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
    const kernel = await cx.kernel();
    const done = await kernel.gc();
    // How far that came nobody knows: it stays until somebody says what is to become of it.
    for (const { name, state } of await kernel.list()) {
      if (state === 'unstarted') cx.warn({ code: 'EOWNERDEAD', message: `"${name}" has not started, as whoever made it was killed: imgctl destroy ${name}, or imgctl up, which makes it anew` });
    }
    cx.result({ done }, () => done);
  },
};
