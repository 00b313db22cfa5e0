import type { CommandEntry } from './command/index.ts';
import type { Context } from './context.ts';
import { columns, passed, statuses } from './overview.ts';
import { wrap } from './print/text.ts';
import { common, exampleWords, type Example } from './spec.ts';

export interface Help {
  readonly lines: readonly string[];
  readonly document: unknown;
}

/** `imgctl COMMAND --help`; its examples come from the components that are installed. */
export async function commandHelp(cx: Context, entry: CommandEntry): Promise<Help> {
  const { spec } = entry;
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
