import { pairArgs, pairLines } from '../print/pairs.ts';
import type { CommandSpec } from '../spec.ts';

export const get: CommandSpec = {
  usage: ['<image>'],
  operands: ['image'],
  options: [
    { flags: '-a, --all', describe: 'read-only values too, as they are now' },
    { flags: '--args', describe: 'one line of shell words, for another create' },
  ],
  about: 'Given to create, the pairs make the same image again.',
  examples: () => [
    { line: 'get web', does: 'one pair a line' },
    { line: 'get -a web', does: 'with what can only be read' },
    { line: 'get web > web.txt; imgctl destroy web; xargs imgctl create < web.txt', does: 'away, and back again' },
    { line: 'get --json web', does: '{"name": ..., "pairs": [[key, value], ...]}' },
  ],
  async run(cx, { operands, options }) {
    const [name = ''] = operands;
    const pairs = await (await cx.kernel()).get(name, { all: options['all'] === true });
    cx.result({ name, pairs }, () => (options['args'] === true ? [pairArgs(pairs)] : pairLines(pairs)));
  },
};
