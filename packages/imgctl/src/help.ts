import { paramInfo } from '@vimage/core';
import type { CommandEntry } from './command/index.ts';
import type { Context } from './context.ts';
import { columns, helpColumns, passed, statuses } from './overview.ts';
import { width, wrap } from './print/text.ts';
import { common, exampleWords, shownUsage, type Example } from './spec.ts';

export interface Help {
  readonly lines: readonly string[];
  readonly document: unknown;
}

/** `imgctl COMMAND --help`; its examples come from the components that are installed. */
export async function commandHelp(cx: Context, entry: CommandEntry): Promise<Help> {
  const { spec } = entry;
  const components = await cx.components();
  const rows = components.flatMap(({ name, params }) => paramInfo(name, params));
  const examples = spec.examples(exampleWords(rows, components, cx.asked.length));
  const most = helpColumns(cx.columns);
  const usage = ['imgctl', entry.name, '[options]', ...shownUsage(spec), ...(spec.tail === undefined ? [] : [spec.tail === 'needed' ? '-- command [argument...]' : '[-- command [argument...]]'])].join(' ');
  const options = [...(spec.options ?? []), ...common, { flags: '-h, --help', describe: 'show this' }];
  const found = components.map(({ name }) => name);
  const lines = [
    `usage: ${usage}`,
    '',
    ...wrap(`${entry.summary[0]?.toUpperCase() ?? ''}${entry.summary.slice(1)}.`, most),
    ...(spec.about === undefined ? [] : spec.about.split('\n').flatMap((line) => wrap(line, most))),
    '',
    cx.paint('bold', 'Examples'),
    ...examples.flatMap(({ line, does }) => [...commandLines(`imgctl ${line}`, most - 2).map((text) => `  ${cx.paint('cyan', text)}`), ...wrap(does, most - 6).map((text) => `      ${text}`)]),
    '',
    cx.paint('bold', 'Options'),
    ...columns(options.map(({ flags, describe }) => [flags, describe] as const), most),
    '',
    ...(spec.operands.includes('pairs')
      ? [...wrap(`Components: ${found.join(', ') || 'none found'}. Their parameters: imgctl params COMPONENT`, most), '']
      : []),
    cx.paint('bold', 'Exit status'),
    ...columns(spec.passesStatus === true ? passed : statuses, most),
  ];
  return { lines, document: { command: entry.name, summary: entry.summary, usage, examples: examples.map(full), options: options.map(({ flags, describe }) => ({ flags, describe })) } };
}

/** A command line that is too long goes on at the next section, as a shell reads it. */
function commandLines(line: string, most: number): readonly string[] {
  if (width(line) <= most) return [line];
  const [first = '', ...sections] = line.split(/ (?=vir )/);
  return [first, ...sections.map((section) => `    ${section}`)].map((part, i) => (i === sections.length ? part : `${part} \\`));
}

function full({ line, does }: Example): Example {
  return { line: `imgctl ${line}`, does };
}
