import { suggestion, VimageError } from '@vimage/core';
import { parse } from './adapter.ts';
import { commands, type CommandEntry } from './command/index.ts';
import { complete } from './complete/main.ts';
import { Context, status } from './context.ts';
import { overview } from './overview.ts';
import { ownVersion } from './version.ts';

export { catchStrays, endSoon } from './stray.ts';

/** Runs one command line (without the program's own name) and says how it ended. `begun`: told of what the run has. */
export async function imgctl(argv: readonly string[], begun: (cx: Context) => void = () => undefined): Promise<number> {
  const cut = argv.indexOf('--');
  const cx = new Context(cut < 0 ? undefined : argv.slice(cut + 1));
  begun(cx);
  try {
    if (argv[0] === '__complete') return await complete(cx, argv.slice(1));
    return await dispatch(cx, cut < 0 ? argv : argv.slice(0, cut));
  } finally {
    await cx[Symbol.asyncDispose]();
  }
}

async function dispatch(cx: Context, words: readonly string[]): Promise<number> {
  let passesStatus = false;
  try {
    const first = takeGlobals(cx, words);
    const name = words[first];
    if (name === undefined) return outside(cx, []);
    if (name.startsWith('-')) return outside(cx, words.slice(first));
    if (name === 'help') return await helpFor(cx, words.slice(first + 1));
    const entry = findCommand(name);
    passesStatus = entry.spec.passesStatus === true;
    return await parse(cx, entry, words.slice(first + 1));
  } catch (error) {
    const ended = cx.failure(error);
    return passesStatus ? status.ours : ended;
  }
}

/** The command of this name. EUSAGE names the nearest. */
function findCommand(name: string): CommandEntry {
  const entry = commands.find((each) => each.name === name);
  if (entry !== undefined) return entry;
  const near = suggestion(name, commands.map((each) => each.name));
  throw new VimageError('EUSAGE', `no command "${name}"`, {
    subject: name,
    hint: near === undefined ? 'try: imgctl --help' : near,
  });
}

/** Takes what may stand before the command, too (every command takes it after its name); the index of the first other word. */
function takeGlobals(cx: Context, words: readonly string[]): number {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--json') cx.json = true;
    else if (word === '--component') cx.asked.push(words[++i] ?? '');
    else if (word.startsWith('--component=')) cx.asked.push(word.slice('--component='.length));
    else return i;
  }
  return words.length;
}

/** No command was given. */
function outside(cx: Context, [word, ...more]: readonly string[]): number {
  takeGlobals(cx, more);
  if (word === '--version' || word === '-V') {
    cx.result({ imgctl: ownVersion() }, () => [ownVersion()]);
    return status.ok;
  }
  if (word !== undefined && word !== '--help' && word !== '-h') {
    throw new VimageError('EUSAGE', `unknown option "${word}"`, { subject: word, hint: 'try: imgctl --help' });
  }
  const lines = overview(cx.paint, cx.columns);
  if (word === undefined) {
    process.stderr.write(`${lines.join('\n')}\n`);
    return status.usage;
  }
  cx.result({ commands: commands.map(({ name, summary }) => ({ name, summary })) }, () => lines);
  return status.ok;
}

async function helpFor(cx: Context, words: readonly string[]): Promise<number> {
  const name = words[takeGlobals(cx, words)];
  if (name === undefined) return outside(cx, ['--help']);
  return parse(cx, findCommand(name), ['--help', ...words]);
}
