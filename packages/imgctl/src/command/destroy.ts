import { VimageError, type DestroyReport } from '@vimage/core';
import type { Context } from '../context.ts';
import { count } from '../print/text.ts';
import { textOf, type CommandSpec, type Options } from '../spec.ts';

export const graceOption = { flags: '-g, --grace <seconds>', describe: 'time between SIGTERM and SIGKILL (5 unless given)', value: 'text' } as const;

export const destroy: CommandSpec = {
  usage: ['<images...>'],
  operands: ['images'],
  options: [graceOption],
  about: 'Children are removed first, processes are ended (TERM, grace, KILL), and what was taken from the parent is given back.',
  examples: () => [
    { line: 'destroy web', does: 'removes it' },
    { line: 'destroy lab web', does: 'several, "lab" with all that is in it' },
    { line: 'destroy --grace 0.5 web', does: 'programs have half a second to end' },
  ],
  async run(cx, { operands, options }) {
    const grace = graceOf(options);
    const kernel = await cx.changingKernel();
    const reports: DestroyReport[] = [];
    let failed = false;
    for (const name of operands) {
      try {
        reports.push(await kernel.destroy(name, grace));
      } catch (error) {
        if (operands.length === 1) throw error;
        failed = true;
        cx.failure(error);
      }
    }
    const report = merge(reports);
    cx.result(report, () => removedLines(cx, report));
    return failed ? 1 : 0;
  },
};

/** `--grace` in milliseconds. EUSAGE. */
export function graceOf(options: Options): { readonly grace?: number } {
  const text = textOf(options, 'grace');
  if (text === undefined) return {};
  if (!/^\d{1,6}(?:\.\d+)?$/.test(text)) {
    throw new VimageError('EUSAGE', `--grace: expected seconds, such as 5 or 0.5, not "${text}"`, { subject: 'grace' });
  }
  return { grace: Math.round(Number(text) * 1000) };
}

function merge(reports: readonly DestroyReport[]): DestroyReport {
  return {
    removed: reports.flatMap(({ removed }) => removed),
    ended: reports.reduce((sum, { ended }) => sum + ended, 0),
    dying: reports.flatMap(({ dying }) => dying),
    notes: reports.flatMap(({ notes }) => notes),
  };
}

/** What destroy and down say. */
export function removedLines(cx: Context, report: DestroyReport): readonly string[] {
  const { removed, ended, dying, notes } = report;
  return [
    ...(removed.length > 0 ? [`removed ${removed.join(', ')}${ended > 0 ? `; ${count(ended, 'process')} ended` : ''}`] : []),
    ...dying.map((name) => cx.paint('yellow', `${name} is dying: something still refers to it (imgctl ls --dying; imgctl refs ${name})`)),
    ...notes.map((note) => `  ${note}`),
  ];
}
