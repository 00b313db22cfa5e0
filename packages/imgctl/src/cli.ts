import { VimageError } from '@vimage/core';
import { commands, findCommand, type CommandEntry } from './command/index.ts';
import { Context, status } from './context.ts';
import type { CommandSpec } from './spec.ts';

/** Runs one command line (without the program's own name) and says how it ended. */
export async function imgctl(argv: readonly string[]): Promise<number> {
  const cut = argv.indexOf('--');
  const words = cut < 0 ? argv : argv.slice(0, cut);
  await using cx = new Context(cut < 0 ? undefined : argv.slice(cut + 1));
  if (argv[0] === '__complete') return (await import('./complete/main.ts')).complete(cx, argv.slice(1));
  const { first, lead } = splitGlobals(words, cx);
  let entry: CommandEntry | undefined;
  let spec: CommandSpec | undefined;
  try {
    if (first === undefined) return await outside(cx, lead);
    const name = words[first] ?? '';
    if (name === 'help') return await helpFor(cx, words.slice(first + 1).find((word) => !word.startsWith('-')));
    entry = findCommand(name);
    spec = await entry.load();
    const { parse } = await import('./adapter.ts');
    return await parse(cx, entry, spec, words.slice(first + 1));
  } catch (error) {
    const ended = cx.failure(error);
    return spec?.passesStatus === true || entry?.name === 'exec' || entry?.name === 'run' ? status.ours : ended;
  }
}

/** Options that may stand before the command; every command takes them after its name too. */
function splitGlobals(words: readonly string[], cx: Context): { readonly first: number | undefined; readonly lead: readonly string[] } {
  const lead: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('-')) return { first: i, lead };
    if (word === '--json') cx.json = true;
    else if (word === '--component') cx.asked.push(words[++i] ?? '');
    else if (word.startsWith('--component=')) cx.asked.push(word.slice('--component='.length));
    else lead.push(word);
  }
  return { first: undefined, lead };
}

/** No command was given. */
async function outside(cx: Context, lead: readonly string[]): Promise<number> {
  const [word] = lead;
  if (word === '--version' || word === '-V') {
    const { ownVersion } = await import('./version.ts');
    cx.result({ version: ownVersion() }, () => [ownVersion()]);
    return status.ok;
  }
  if (word !== undefined && word !== '--help' && word !== '-h') {
    throw new VimageError('EUSAGE', `unknown option "${word}"`, { subject: word, hint: 'try: imgctl --help' });
  }
  const { overview } = await import('./help.ts');
  const lines = overview(cx.paint);
  if (word === undefined) {
    process.stderr.write(`${lines.join('\n')}\n`);
    return status.usage;
  }
  cx.result({ commands: commands.map(({ name, summary }) => ({ name, summary })) }, () => lines);
  return status.ok;
}

async function helpFor(cx: Context, name: string | undefined): Promise<number> {
  if (name === undefined) return outside(cx, ['--help']);
  const entry = findCommand(name);
  const [{ parse }, spec] = await Promise.all([import('./adapter.ts'), entry.load()]);
  return parse(cx, entry, spec, ['--help']);
}
