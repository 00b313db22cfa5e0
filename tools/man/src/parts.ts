import { imageParams, paramInfo } from '../../../packages/core/src/index.ts';
import { list, sentence, text, word, type Item } from './mdoc.ts';

/** What a page is made of besides the sources. */
export interface Given {
  readonly version: string;
  readonly imgexecHelp: () => string;
}

/** When the frames were last written. */
const date = 'November 26, 2026';

export function page(name: string, section: number, describe: string, given: Given, lines: readonly string[]): string {
  return `${[
    `.Dd ${date}`,
    `.Dt ${name.toUpperCase()} ${section}`,
    `.Os vimage ${given.version}`,
    '.Sh NAME',
    `.Nm ${name}`,
    `.Nd ${describe}`,
    ...lines,
  ].join('\n')}\n`;
}

const access: Readonly<Record<string, string>> = { create: 'Given at create only.', rw: 'May be changed.', ro: 'Only shown.' };

/** The parameters of an image itself, as `imgctl params image` has them. */
export function imageParameters(): readonly string[] {
  const items = paramInfo('', imageParams).map((row): Item => ({
    head: `Cm ${word(row.key)} Ar ${word(row.type)}`,
    body: [
      ...sentence(row.describe),
      text(`Expected: ${row.expected}.`),
      access[row.access] ?? '',
      ...(row.default === undefined ? [] : [text(`Unless given: ${row.default}.`)]),
      text(`For example: ${row.key} ${row.example}`),
    ],
  }));
  return list(items);
}

/** Statuses and what they mean. */
export function statusList(rows: readonly (readonly [string, string])[]): readonly string[] {
  return list(rows.map(([status, meaning]): Item => ({ head: status, body: sentence(meaning) })));
}
