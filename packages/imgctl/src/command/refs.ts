import type { CommandSpec } from '../spec.ts';

export const refs: CommandSpec = {
  usage: ['<image>'],
  operands: ['image'],
  about: 'Processes, their sockets, open descriptors, mounts, sharers: whatever an image or a dying instance goes on for.',
  examples: () => [
    { line: 'refs web', does: 'who holds "web"' },
    { line: 'refs --json web', does: 'for programs' },
  ],
  async run(cx, { operands }) {
    const [name = ''] = operands;
    const holders = await (await cx.kernel()).refs(name);
    cx.result(holders, () => (holders.length === 0 ? [`nothing refers to ${name}`] : cx.table(holders, [
      { head: 'KIND', of: ({ kind }) => kind },
      { head: 'COMPONENT', of: ({ component }) => component ?? '' },
      { head: 'PID', of: ({ pid }) => (pid === undefined ? '' : String(pid)), right: true },
      { head: 'DETAIL', of: ({ detail }) => detail },
    ])));
  },
};
