import { Command, CommanderError } from 'commander';
import { VimageError } from '@vimage/core';
import type { CommandEntry } from './command/index.ts';
import type { Context } from './context.ts';
import { commandHelp } from './help.ts';
import { common, type CommandSpec } from './spec.ts';

/** Reads one command's words with commander, and runs it. The words after `--` were cut off before. */
export async function parse(cx: Context, entry: CommandEntry, words: readonly string[]): Promise<number> {
  const { spec } = entry;
  const command = new Command(entry.name).exitOverride().helpOption(false).helpCommand(false).showSuggestionAfterError(true)
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  for (const operand of spec.usage) command.argument(operand);
  for (const option of [...(spec.options ?? []), ...common]) {
    if (option.many === true) command.option(option.flags, option.describe, (value: string, list: string[] = []) => [...list, value]);
    else command.option(option.flags, option.describe);
  }
  command.option('-h, --help', 'show this');
  command.action(() => undefined);
  if (words.includes('--help') || words.includes('-h')) {
    takeGlobals(cx, words);
    const help = await commandHelp(cx, entry);
    cx.result(help.document, () => help.lines);
    return 0;
  }
  try {
    command.parse([...words], { from: 'user' });
  } catch (error) {
    if (words.includes('--json')) cx.json = true;
    if (error instanceof CommanderError) throw usageError(error, entry.name, spec);
    throw error;
  }
  const options = command.opts<Record<string, unknown>>();
  if (options['json'] === true) cx.json = true;
  if (Array.isArray(options['component'])) cx.asked.push(...options['component'].map(String));
  if (cx.rest !== undefined && spec.tail === undefined) {
    throw new VimageError('EUSAGE', `"imgctl ${entry.name}" takes no command after "--"`, { hint: `try: imgctl ${entry.name} --help` });
  }
  return await spec.run(cx, { operands: command.args, options }) ?? 0;
}

function takeGlobals(cx: Context, words: readonly string[]): void {
  if (words.includes('--json')) cx.json = true;
  for (const [i, word] of words.entries()) {
    if (word === '--component' && words[i + 1] !== undefined) cx.asked.push(words[i + 1] ?? '');
    else if (word.startsWith('--component=')) cx.asked.push(word.slice('--component='.length));
  }
}

function usageError(error: CommanderError, name: string, spec: CommandSpec): VimageError {
  const message = error.message.replace(/^error: /, '');
  const [text, near] = message.split('\n');
  const value = /^unknown option '(-[^']*)'/.exec(message)?.[1];
  const asValue = value !== undefined && spec.operands.includes('pairs') ? `a value that begins with "-" is written KEY=${value}` : undefined;
  const hint = near?.replace(/^\(|\)$/g, '').replace('Did you mean', 'did you mean') ?? asValue ?? `try: imgctl ${name} --help`;
  return new VimageError('EUSAGE', text ?? message, { hint });
}
