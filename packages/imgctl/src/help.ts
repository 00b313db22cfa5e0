import { commands, type CommandEntry } from './command/index.ts';
import type { Context } from './context.ts';
import type { Style } from './print/style.ts';
import { wrap } from './print/text.ts';
import { common, exampleWords, type CommandSpec, type Example } from './spec.ts';

type Paint = (style: Style, text: string) => string;

const statuses: readonly (readonly [string, string])[] = [
  ['0', 'done'],
  ['1', 'an error, told as "imgctl: CODE: message" on stderr'],
  ['2', 'the command line was wrong'],
  ['70', 'a bug in vimage'],
];

const passed: readonly (readonly [string, string])[] = [
  ['125', 'imgctl itself failed, the command was not run'],
  ['126', 'the command cannot be executed'],
  ['127', 'the command was not found'],
  ['128+n', 'the command was ended by signal n'],
  ['other', 'the command\'s own'],
];

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const left = Math.max(...rows.map(([word]) => word.length));
  return rows.flatMap(([word, text]) => {
    const lines = wrap(text, Math.max(30, 96 - left));
    return lines.map((line, i) => `  ${(i === 0 ? word : '').padEnd(left)}  ${line}`);
  });
}

/** `imgctl --help`. */
export function overview(paint: Paint): readonly string[] {
  return [
    'usage: imgctl COMMAND ...',
    '',
    'Images: bundles of virtualized kernel components. An image has its own instance of each component that was',
    'asked for with "vir COMPONENT", and shares the rest with its parent.',
    '',
    paint('bold', 'Commands'),
    ...columns(commands.map(({ name, summary }) => [name, summary] as const)),
    '',
    paint('bold', 'Everywhere'),
    ...columns(common.map(({ flags, describe }) => [flags, describe] as const)),
    '',
    paint('bold', 'Exit status'),
    ...columns(statuses),
    '  of exec and run:',
    ...columns(passed),
    '',
    '"imgctl COMMAND --help" shows examples.',
  ];
}

export interface Help {
  readonly lines: readonly string[];
  readonly document: unknown;
}

/** `imgctl COMMAND --help`; its examples come from the components that are installed. */
export async function commandHelp(cx: Context, entry: CommandEntry, spec: CommandSpec): Promise<Help> {
  const rows = await cx.params();
  const examples = spec.examples(exampleWords(rows));
  const usage = ['imgctl', entry.name, '[options]', ...spec.usage, ...(spec.tail === true ? ['-- command [argument...]'] : [])].join(' ');
  const options = [...(spec.options ?? []), ...common, { flags: '-h, --help', describe: 'show this' }];
  const found = [...new Set(rows.map((row) => row.component))].filter((name) => name !== '');
  const lines = [
    `usage: ${usage}`,
    '',
    ...wrap(`${entry.summary[0]?.toUpperCase() ?? ''}${entry.summary.slice(1)}.`, 100),
    ...(spec.about === undefined ? [] : spec.about.split('\n').flatMap((line) => wrap(line, 100))),
    '',
    cx.paint('bold', 'Examples'),
    ...examples.flatMap(({ line, does }) => [`  ${cx.paint('cyan', `imgctl ${line}`)}`, ...wrap(does, 92).map((text) => `      ${text}`)]),
    '',
    cx.paint('bold', 'Options'),
    ...columns(options.map(({ flags, describe }) => [flags, describe] as const)),
    '',
    ...(spec.operands.includes('pairs')
      ? [`Components: ${found.join(', ') || 'none found'}. Their parameters: imgctl params COMPONENT`, '']
      : []),
    cx.paint('bold', 'Exit status'),
    ...columns(spec.passesStatus === true ? passed : statuses),
  ];
  return { lines, document: { command: entry.name, summary: entry.summary, usage, examples: examples.map(full), options: options.map(({ flags, describe }) => ({ flags, describe })) } };
}

function full({ line, does }: Example): Example {
  return { line: `imgctl ${line}`, does };
}
