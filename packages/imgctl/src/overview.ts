import { commands } from './command/index.ts';
import type { Style } from './print/style.ts';
import { wrap } from './print/text.ts';
import { common } from './spec.ts';

type Paint = (style: Style, text: string) => string;

/** Exit statuses; docs/imgctl.md has the same list. */
export const statuses: readonly (readonly [string, string])[] = [
  ['0', 'done'],
  ['1', 'an error, told as "imgctl: CODE: message" on stderr'],
  ['2', 'the command line was wrong'],
  ['70', 'a bug in vimage'],
];

/** Those of exec and run. */
export const passed: readonly (readonly [string, string])[] = [
  ['125', 'imgctl itself failed, the command was not run'],
  ['126', 'the command cannot be executed'],
  ['127', 'the command was not found'],
  ['128+n', 'the command was ended by signal n'],
  ['other', 'the command\'s own'],
];

/** Columns of help: as many as there are, but no more than are read with ease; 80 where there is no terminal. */
export function helpColumns(there: number | undefined): number {
  return Math.min(100, there ?? 80);
}

/** Words and what they mean, in two columns. */
export function columns(rows: readonly (readonly [string, string])[], most: number): readonly string[] {
  const left = Math.max(...rows.map(([word]) => word.length));
  return rows.flatMap(([word, text]) => {
    const lines = wrap(text, Math.max(30, most - 4 - left));
    return lines.map((line, i) => `  ${(i === 0 ? word : '').padEnd(left)}  ${line}`);
  });
}

/** `imgctl --help`. */
export function overview(paint: Paint, there: number | undefined): readonly string[] {
  const most = helpColumns(there);
  return [
    'usage: imgctl COMMAND ...',
    '',
    ...wrap('Images: bundles of virtualized kernel components. An image has its own instance of each component that was asked for with "vir COMPONENT", and shares the rest with its parent.', most),
    '',
    paint('bold', 'Commands'),
    ...columns(commands.map(({ name, summary }) => [name, summary] as const), most),
    '',
    paint('bold', 'Everywhere'),
    ...columns(common.map(({ flags, describe }) => [flags, describe] as const), most),
    '',
    paint('bold', 'Exit status'),
    ...columns(statuses, most),
    '  of exec and run:',
    ...columns(passed, most),
    '',
    '"imgctl COMMAND --help" shows examples.',
  ];
}
