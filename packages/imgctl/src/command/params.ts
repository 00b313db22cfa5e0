import { suggestion, VimageError, type ParamRow } from '@vimage/core';
import type { Context } from '../context.ts';
import { printable, shellWord, width, wrap } from '../print/text.ts';
import type { CommandSpec } from '../spec.ts';

export const params: CommandSpec = {
  usage: ['[parameter]'],
  operands: ['parameter'],
  options: [{ flags: '--schema', describe: 'print the JSON Schema of an image in its typed form' }],
  about: 'COMPONENT lists one component\'s, COMPONENT.KEY explains one; "image" stands for the image\'s own.',
  examples: (words) => [
    { line: 'params', does: 'every parameter of every component found' },
    { line: `params ${words.component(0)}`, does: 'those of one component' },
    { line: `params ${words.parameter()}`, does: 'one parameter: what it expects, and an example' },
    { line: 'params --schema', does: 'for editors and other programs' },
  ],
  async run(cx, { operands, options }) {
    const [asked] = operands;
    if (options['schema'] === true) {
      const { jsonSchema } = await import('@vimage/core');
      cx.document(jsonSchema(await cx.tables()));
      return;
    }
    const { rows, one } = await find(cx, asked);
    cx.result(one ? rows[0] : rows, () => (one ? rows.flatMap((row) => explain(cx, row)) : list(cx, rows)));
  },
};

/** `X`, `X.KEY` (keys may be dotted), `image`, `image.KEY` or a key of the image. */
async function find(cx: Context, asked: string | undefined): Promise<{ readonly rows: readonly ParamRow[]; readonly one: boolean }> {
  if (asked === undefined) return { rows: await cx.params(), one: false };
  const at = asked.indexOf('.');
  const head = at < 0 ? asked : asked.slice(0, at);
  const names = cx.discovery().found.map(({ component }) => component);
  if (names.includes(head)) await cx.need([head]);
  const all = await cx.params(names.includes(head) ? [head] : []);
  const own = all.filter(({ component }) => component === '');
  const direct = own.find(({ key }) => key === asked);
  if (direct !== undefined) return { rows: [direct], one: true };
  if (head !== 'image' && !names.includes(head)) await cx.need([head]);
  const rows = head === 'image' ? own : all.filter(({ component }) => component === head);
  if (at < 0) return { rows, one: false };
  const key = asked.slice(at + 1);
  const row = rows.find((each) => each.key === key);
  if (row !== undefined) return { rows: [row], one: true };
  const near = suggestion(key, rows.map((each) => each.key));
  throw new VimageError('ENOENT', `"${head}" has no parameter "${key}"`, {
    subject: key,
    hint: near ?? `imgctl params ${head} lists them`,
  });
}

function list(cx: Context, rows: readonly ParamRow[]): readonly string[] {
  if (rows.length === 0) return [];
  const brief = [
    { head: 'ACCESS', of: ({ access }: ParamRow) => access },
    { head: 'TYPE', of: ({ type }: ParamRow) => type },
  ];
  const bold = (text: string): string => cx.paint('bold', text);
  const more = (key: string, multi: boolean): string => `${key}${multi ? ' ...' : ''}`;
  const wide = cx.table(rows, [
    { head: 'COMPONENT', of: ({ component }) => component || 'image' },
    { head: 'KEY', of: ({ key, multi }) => more(key, multi), paint: bold },
    ...brief,
    { head: 'EXAMPLE', of: ({ example }) => example },
    { head: 'WHAT', of: ({ describe }) => describe },
  ]);
  const { columns } = cx;
  if (columns === undefined || wide.every((line) => width(line) <= columns)) return wide;
  // No room for a column of words: they stand below.
  const [head = '', ...lines] = cx.table(rows, [{ head: 'PARAMETER', of: ({ component, key, multi }) => `${component || 'image'}.${more(key, multi)}`, paint: bold }, ...brief]);
  return [head, ...lines.flatMap((line, i) => {
    const row = rows[i];
    return row === undefined ? [] : [line, ...wrap(printable(row.describe), Math.max(20, columns - 4)).map((text) => `    ${text}`), `    ${cx.paint('cyan', example(row))}`];
  })];
}

const example = ({ component, key, example: value }: ParamRow): string => printable(`${component === '' ? '' : `vir ${component} `}${key} ${shellWord(value)}`);

const access: Readonly<Record<string, string>> = { create: 'at create only', rw: 'at create, and changed with set', ro: 'only shown, with get -a' };

function explain(cx: Context, row: ParamRow): readonly string[] {
  const line = (head: string, text: string | undefined): readonly string[] => (text === undefined ? [] : [`  ${head.padEnd(8)}  ${text}`]);
  return [
    `${cx.paint('bold', row.component === '' ? row.key : `${row.component}.${row.key}`)}: ${row.describe}`,
    ...line('given', access[row.access] ?? row.access),
    ...line('expects', row.expected),
    ...line('repeated', row.multi ? 'yes' : undefined),
    ...line('default', row.default),
    ...line('example', example(row)),
  ];
}
