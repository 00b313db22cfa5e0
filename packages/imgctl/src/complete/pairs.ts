import { readFileSync } from 'node:fs';
import { parseArgs, type Param, type ParamTable } from '@vimage/core';
import type { Candidate } from './main.ts';
import type { Context } from '../context.ts';

/** Where in pairs the cursor stands. */
interface Standing {
  /** Component whose section is open; '' for the image's own. */
  readonly section: string;
  /** Keys given in it so far. */
  readonly given: ReadonlySet<string>;
  /** The key whose value is due as a word of its own. */
  readonly key: string | undefined;
  /** Components with a section already. */
  readonly opened: ReadonlySet<string>;
}

function standing(words: readonly string[]): Standing {
  let key: string | undefined;
  let complete = words;
  try {
    parseArgs(words);
  } catch {
    key = words.at(-1);
    complete = words.slice(0, -1);
  }
  let section = '';
  let given = new Set<string>();
  const opened = new Set<string>();
  let pairs: readonly (readonly [string, string])[] = [];
  try {
    pairs = parseArgs(complete);
  } catch {
    // A word that is no key: nothing is known of what stands before it.
  }
  for (const [name, value] of pairs) {
    if (name === 'vir') {
      section = value;
      opened.add(value);
      given = new Set();
    } else given.add(name);
  }
  return { section, given, key, opened };
}

/** What can follow these words of a description. */
export async function completePairs(cx: Context, words: readonly string[], current: string, access: 'create' | 'set', images: () => Promise<readonly string[]>): Promise<readonly Candidate[]> {
  const { section, given, key, opened } = standing(words);
  const table = await tableOf(cx, section);
  const at = current.indexOf('=');
  if (key !== undefined) return valuesOf(cx, table, key, current, images, opened);
  if (at > 0) {
    const values = await valuesOf(cx, table, current.slice(0, at), current.slice(at + 1), images, opened);
    return values.map(({ value, about }) => ({ value: value.startsWith(':') ? value : `${current.slice(0, at + 1)}${value}`, about }));
  }
  const keys = Object.entries(table).filter(([name, { access: may, multi }]) => may !== 'ro' && !(access === 'set' && may === 'create') && (multi || !given.has(name)));
  return [
    ...keys.map(([name, { describe }]) => ({ value: name, about: describe })),
    ...(section !== '' && access === 'create' && given.size === 0 ? [{ value: 'share', about: 'the instance of another image' }] : []),
    { value: 'vir', about: 'opens the section of a component' },
  ];
}

async function tableOf(cx: Context, section: string): Promise<ParamTable> {
  const tables = await cx.tables([]);
  if (section === '') return tables.image;
  return (await cx.components([section])).find(({ name }) => name === section)?.params ?? {};
}

async function valuesOf(cx: Context, table: ParamTable, key: string, typed: string, images: () => Promise<readonly string[]>, opened: ReadonlySet<string>): Promise<readonly Candidate[]> {
  if (key === 'vir') {
    return cx.discovery().found.filter(({ component }) => !opened.has(component)).map((each) => ({ value: each.component, about: each.package }));
  }
  if (key === 'share') return (await images()).map((value) => ({ value }));
  const param = Object.hasOwn(table, key) ? table[key] : undefined;
  return param === undefined ? [] : valuesOfParam(param, typed, images);
}

async function valuesOfParam(param: Param, typed: string, images: () => Promise<readonly string[]>): Promise<readonly Candidate[]> {
  // Items before the one being typed stay as they are.
  const lead = param.split ? typed.slice(0, typed.lastIndexOf(',') + 1) : '';
  const item = typed.slice(lead.length);
  const keyed = param.type.kind.includes('=');
  if (keyed && item.includes('=')) return [];
  const words = [...param.type.candidates ?? []];
  const end = keyed ? '=' : '';
  if (param.type.source === 'interface') words.push(...interfaces().map((name) => name + end));
  if (param.type.source === 'image') words.push(...(await images()).map((name) => name + end));
  if (param.type.source === 'path' && lead === '') return [{ value: ':files' }];
  return words.map((value) => ({ value: lead + value, about: param.describe }));
}

/** The caller's interfaces, those that are down too. */
function interfaces(): readonly string[] {
  try {
    const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2);
    return lines.map((line) => line.slice(0, line.indexOf(':')).trim()).filter((name) => name !== '');
  } catch {
    return [];
  }
}
