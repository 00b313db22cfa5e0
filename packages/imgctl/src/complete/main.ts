import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { commands } from '../command/index.ts';
import type { Context } from '../context.ts';
import { common, type CommandSpec, type OperandKind, type OptionSpec } from '../spec.ts';
import { completePairs } from './pairs.ts';
import { scripts } from './scripts.ts';

/** A word that may stand there; `:files`, `:dirs` and `:commands` ask the shell for its own. */
export interface Candidate {
  readonly value: string;
  readonly about?: string | undefined;
}

/** Answers a shell: `__complete SHELL WORD...`, the last word being typed. Prints nothing but candidates, and never fails. */
export async function complete(cx: Context, [shell = '', ...words]: readonly string[]): Promise<number> {
  cx.quiet = true;
  try {
    const current = unquoted(words.at(-1) ?? '');
    const found = await candidates(cx, words.slice(0, -1).map(unquoted), current);
    const fitting = found.filter(({ value }) => value.startsWith(':') || value.startsWith(current));
    const described = shell !== 'bash';
    cx.print(...fitting.map(({ value, about }) => (described && about !== undefined ? `${value}\t${about}` : value)));
  } catch (error) {
    if (process.env['IMGCTL_DEBUG'] !== undefined) process.stderr.write(`${String(error)}\n`);
  }
  return 0;
}

/** A word as bash hands it over, with its quotes, without them. */
function unquoted(word: string): string {
  return word.replace(/^(['"])(.*?)\1?$/s, '$2');
}

async function candidates(cx: Context, words: readonly string[], current: string): Promise<readonly Candidate[]> {
  const cut = words.indexOf('--');
  const { name, after } = splitCommand(cx, cut < 0 ? words : words.slice(0, cut));
  if (cut >= 0) return cut === words.length - 1 ? [{ value: ':commands' }] : [{ value: ':files' }];
  if (name === undefined) {
    if (valueDue(common, words.at(-1)) !== undefined) return [{ value: ':dirs' }];
    if (current.startsWith('-')) return [...optionNames(common), { value: '--version' }, { value: '--help' }];
    return [...commands.map(({ name: value, summary }) => ({ value, about: summary })), { value: 'help', about: 'explain a command' }];
  }
  const entry = commands.find((each) => each.name === name);
  if (entry === undefined) return name === 'help' ? commands.map(({ name: value, summary }) => ({ value, about: summary })) : [];
  const { spec } = entry;
  const options = [...(spec.options ?? []), ...common];
  const due = valueDue(options, words.at(-1));
  if (due !== undefined) return optionValues(cx, due, current);
  const operands = operandsOf(cx, options, after);
  const kind = spec.operands[Math.min(operands.length, spec.operands.length - 1)];
  const inPairs = kind === 'pairs' ? operands.slice(spec.operands.indexOf('pairs')) : [];
  if (current.startsWith('-') && (kind !== 'pairs' || (inPairs.length % 2 === 0 && !current.includes(' ')))) {
    const inline = /^(--[a-z-]+)=(.*)$/s.exec(current);
    const inlineDue = valueDue(options, inline?.[1]);
    if (inline !== null && inlineDue !== undefined) {
      return (await optionValues(cx, inlineDue, inline[2] ?? '')).map((each) => (each.value.startsWith(':') ? each : { ...each, value: `${inline[1]}=${each.value}` }));
    }
    return [...optionNames(options), { value: '--help', about: 'show examples' }, ...(spec.tail !== undefined ? [{ value: '--', about: 'a command follows' }] : [])];
  }
  if (kind === 'pairs') return completePairs(cx, inPairs, current, entry.name === 'set' ? 'set' : 'create', () => imageNames(cx));
  return operandValues(cx, kind, operands, spec);
}

function splitCommand(cx: Context, words: readonly string[]): { readonly name: string | undefined; readonly after: readonly string[] } {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--component') cx.asked.push(words[++i] ?? '');
    else if (word.startsWith('--component=')) cx.asked.push(word.slice('--component='.length));
    else if (!word.startsWith('-')) return { name: word, after: words.slice(i + 1) };
  }
  return { name: undefined, after: [] };
}

/** The words that are neither options nor their values. */
function operandsOf(cx: Context, options: readonly OptionSpec[], words: readonly string[]): readonly string[] {
  const operands: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--component') cx.asked.push(words[i + 1] ?? '');
    else if (word.startsWith('--component=')) cx.asked.push(word.slice('--component='.length));
    if (valueDue(options, word) !== undefined) i++;
    else if (!word.startsWith('-')) operands.push(word);
  }
  return operands;
}

function flagsOf(option: OptionSpec): readonly string[] {
  return option.flags.split(/,? /).filter((word) => word.startsWith('-'));
}

/** The option that takes a value and of which it is due. */
function valueDue(options: readonly OptionSpec[], word: string | undefined): OptionSpec | undefined {
  return word === undefined ? undefined : options.find((each) => each.flags.includes('<') && flagsOf(each).includes(word));
}

function optionNames(options: readonly OptionSpec[]): readonly Candidate[] {
  return options.flatMap((option) => flagsOf(option).filter((flag) => flag.startsWith('--')).map((value) => ({ value, about: option.describe })));
}

async function imageNames(cx: Context): Promise<readonly string[]> {
  return (await (await cx.bareKernel()).list()).map(({ name }) => name);
}

async function optionValues(cx: Context, { value: kind, words }: OptionSpec, typed: string): Promise<readonly Candidate[]> {
  if (words !== undefined) return words.map((value) => ({ value }));
  if (kind === 'directory') return [{ value: ':dirs' }];
  if (kind === 'signal') return Object.keys(constants.signals).map((name) => ({ value: name.slice(3) }));
  if (kind === 'account') return readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => ({ value: line.split(':')[0] ?? '' })).filter(({ value }) => value !== '');
  if (kind === 'component' || kind === 'components') {
    const lead = kind === 'components' ? typed.slice(0, typed.lastIndexOf(',') + 1) : '';
    const given = new Set(lead.split(','));
    return cx.discovery().found.filter(({ component }) => !given.has(component)).map((each) => ({ value: lead + each.component, about: each.package }));
  }
  return [];
}

async function operandValues(cx: Context, kind: OperandKind | undefined, operands: readonly string[], spec: CommandSpec): Promise<readonly Candidate[]> {
  if (kind === 'image' || kind === 'images') {
    if (kind === 'image' && operands.length >= spec.operands.length) return [];
    const given = new Set(operands);
    return (await imageNames(cx)).filter((name) => !given.has(name)).map((value) => ({ value }));
  }
  if (kind === 'process') {
    if (operands.length >= spec.operands.length) return [];
    return (await (await cx.bareKernel()).processes(operands[0] ?? '')).map(({ pid, command }) => ({ value: String(pid), about: command }));
  }
  if (kind === 'parameter') {
    const rows = await cx.params();
    const names = cx.discovery().found.map((each) => ({ value: each.component, about: each.package }));
    return [...names, { value: 'image', about: 'the image\'s own' }, ...rows.map(({ component, key, describe }) => ({ value: `${component === '' ? 'image' : component}.${key}`, about: describe }))];
  }
  if (kind === 'file') return [{ value: ':files' }];
  if (kind === 'shell') return Object.keys(scripts).map((value) => ({ value }));
  return spec.tail !== undefined ? [{ value: '--', about: 'a command follows' }] : [];
}
