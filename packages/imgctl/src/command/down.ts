import { readTree } from '../file.ts';
import { asOf, asOption } from '../foreign.ts';
import type { CommandSpec } from '../spec.ts';
import { graceOf, graceOption, removedLines } from './destroy.ts';

export const down: CommandSpec = {
  usage: ['<file>'],
  operands: ['file'],
  options: [asOption, graceOption],
  about: 'Last first, each with all that is in it. What is not there is no error. "-" reads standard input.',
  examples: () => [
    { line: 'down lab.rc', does: 'removes what "up lab.rc" made' },
    { line: 'down --grace 0 lab.rc', does: 'without waiting for programs to end' },
  ],
  async run(cx, { operands, options }) {
    const tree = await readTree(cx, operands[0] ?? '', { check: false, as: asOf(options) });
    const report = await (await cx.changingKernel()).down(tree.images, graceOf(options));
    cx.result(report, () => (report.removed.length === 0 ? ['nothing to remove'] : removedLines(cx, report)));
  },
};
