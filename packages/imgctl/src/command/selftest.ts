import type { Outcome, Verdict } from '@vimage/linux';
import type { Style } from '../print/style.ts';
import { listOf, type CommandSpec } from '../spec.ts';

const style: Readonly<Record<Verdict, Style>> = { pass: 'green', fail: 'red', na: 'dim' };

export const selftest: CommandSpec = {
  usage: ['[image]'],
  operands: ['image'],
  options: [
    { flags: '--probe <name>', describe: 'only this probe; may be repeated', value: 'text', many: true },
    { flags: '--strict', describe: 'expect every defence, also those that the image was not asked to have' },
  ],
  about: 'Runs probes in the image, on this kernel, each of which tries what must not be possible there; harmless where it is. "pass": it was refused or hidden. "fail": it got through; the exit '
    + 'status is 1. "na": it cannot be tried, or nothing in this image is meant to prevent it. Without an image: in one that has everything, made for it and removed.',
  examples: () => [
    { line: 'selftest', does: 'what a full box keeps in on this kernel' },
    { line: 'selftest web', does: 'the same of "web": what it was made to prevent must be prevented' },
    { line: 'selftest --strict web', does: 'and what it lacks counts as failed' },
    { line: 'selftest --json web', does: 'for a script; the list is explained in docs/selftest.md' },
  ],
  async run(cx, { operands, options }) {
    const { selftest: probe } = await import('@vimage/linux');
    const only = listOf(options, 'probe');
    const outcomes = await probe(await cx.changingKernel(), operands[0], { strict: options['strict'] === true, ...(only.length > 0 ? { only } : {}) });
    cx.result(outcomes, () => [
      ...cx.table(outcomes, [
        { head: 'PROBE', of: (row) => row.probe },
        { head: 'VERDICT', of: (row) => row.verdict, paint: (text, row) => cx.paint(style[row.verdict], text) },
        { head: 'TRIES', of: (row) => row.tries },
        { head: 'REASON', of: (row) => row.reason },
      ]),
      summary(outcomes),
    ]);
    return outcomes.some(({ verdict }) => verdict === 'fail') ? 1 : 0;
  },
};

function summary(outcomes: readonly Outcome[]): string {
  const count = (verdict: Verdict): number => outcomes.filter((each) => each.verdict === verdict).length;
  return `${outcomes.length} probes: ${count('pass')} passed, ${count('fail')} failed, ${count('na')} not applicable`;
}
