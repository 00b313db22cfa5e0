import { InvariantError, VimageError } from '../errors.ts';
import { imageType } from '../param/names.ts';
import { quote } from '../param/text.ts';
import type { Param, ParamTable, ParamValues } from '../param/param.ts';
import { checkPairs, pairError } from './check.ts';
import { parseTexts } from './list.ts';
import { suggestion } from './nearest.ts';
import { sections, type Section } from './sections.ts';
import type { Tables } from './tables.ts';
import type { Pairs } from './pairs.ts';

/** What pairs are read for. `show`: what `get` gave, where read-only parameters stand too. */
export type PairsAccess = 'create' | 'set' | 'show';

export interface ParsedSection {
  readonly component: string;
  /** The image whose instance is shared; then there is nothing else in the section. */
  readonly share?: string;
  readonly values: ParamValues<ParamTable>;
  /** The section's pairs as given, without `vir`. */
  readonly pairs: Pairs;
  /** Index of its `vir` among all pairs. */
  readonly at: number;
}

export interface ParsedImage<I extends ParamTable = ParamTable> {
  readonly image: ParamValues<I>;
  /** By component, in the order given. */
  readonly sections: ReadonlyMap<string, ParsedSection>;
}

/** Where in one table's pairs we are: its name for messages, the index of the first pair, and every table for hints. */
interface Reading {
  readonly component: string;
  readonly first: number;
  readonly tables: Tables;
  readonly access: PairsAccess;
}

/**
 * Checks pairs against every declaration, and reads them; nothing is left to check but what components check.
 * Each error names the key, its place, what was expected and the nearest known name.
 * EINVAL (an unknown key, a bad value), ENOENT (an unknown component), EEXIST (twice), EROFS (may not be given now),
 * ERANGE, ENAMETOOLONG, E2BIG.
 */
export function parseImage<I extends ParamTable>(
  pairs: Pairs,
  tables: Tables & { readonly image: I },
  options: { readonly access: PairsAccess },
): ParsedImage<I> {
  checkPairs(pairs);
  const split = sections(pairs);
  const image = parseTable(tables.image, split.image, { component: '', first: 0, tables, access: options.access });
  const parsed = new Map<string, ParsedSection>();
  for (const section of split.sections) {
    const { component, at } = section;
    const table = tables.components.get(component);
    if (table === undefined) {
      const near = suggestion(component, tables.components.keys());
      const hint = `${near === undefined ? '' : `${near} `}no component ${quote(component)} here; is its package installed?`;
      throw pairError('ENOENT', `no such component: ${quote(component)}`, component, at, hint);
    }
    const earlier = parsed.get(component);
    if (earlier !== undefined) {
      throw pairError('EEXIST', `"vir ${component}" stands here twice, first as pair ${earlier.at + 1}`, component, at, 'put everything into one section');
    }
    parsed.set(component, parseSection(section, table, { component, first: at + 1, tables, access: options.access }));
  }
  return { image, sections: parsed };
}

function parseSection(section: Section, table: ParamTable, reading: Reading): ParsedSection {
  const { component, at, pairs } = section;
  const shared = pairs.findIndex(([key]) => key === 'share');
  const base = { component, pairs, at };
  if (shared < 0) return { ...base, values: parseTable(table, pairs, reading) };
  const index = reading.first + shared;
  if (pairs.length > 1) {
    const other = pairs[shared === 0 ? 1 : 0]?.[0] ?? '';
    const hint = `leave out ${quote(other)}, or "share" to make an own instance`;
    throw pairError('EINVAL', `"share" in "vir ${component}" cannot stand together with ${quote(other)}`, 'share', index, hint);
  }
  if (reading.access === 'set') throw pairError('EROFS', `"share" of "vir ${component}" can only be given at create`, 'share', index);
  const share = placed('share', index, component, () => imageType().parse(pairs[0]?.[1] ?? ''));
  return { ...base, share, values: {} };
}

/** Reads the pairs of one table. */
function parseTable<T extends ParamTable>(table: T, pairs: Pairs, reading: Reading): ParamValues<T> {
  const { component, first, access } = reading;
  const texts = new Map<string, { readonly values: string[]; readonly index: number }>();
  for (const [i, [key, value]] of pairs.entries()) {
    const index = first + i;
    const param = own(table, key);
    if (param === undefined) throw unknownKey(table, key, index, reading);
    if (param.access === 'ro' && access !== 'show') throw pairError('EROFS', `${quote(key)} is read-only`, key, index);
    if (param.access === 'create' && access === 'set' && !(component === '' && key === 'name')) {
      throw pairError('EROFS', `${quote(key)} can only be given at create`, key, index, 'destroy the image and create it anew');
    }
    const earlier = texts.get(key);
    if (earlier === undefined) {
      texts.set(key, { values: [value], index });
    } else if (param.multi) {
      earlier.values.push(value);
    } else {
      throw pairError('EEXIST', `${quote(key)} is given twice, first as pair ${earlier.index + 1}`, key, index, 'give it once');
    }
  }
  const values = Object.entries(table).flatMap(([key, param]) => {
    const given = texts.get(key);
    return given === undefined ? [] : [[key, placed(key, given.index, component, () => parseTexts(param, given.values))] as const];
  });
  // Each value came from its own key's type, which the compiler cannot follow through the loop.
  return Object.freeze(Object.fromEntries(values)) as ParamValues<T>;
}

/** The table's own parameter; `constructor` and the like are no one's. */
export function own(table: ParamTable, key: string): Param | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Runs a type's parser, and adds the key and its place to what it throws. */
function placed<T>(key: string, index: number, component: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InvariantError) throw error;
    const where = component === '' ? `"${key}"` : `"${key}" of "vir ${component}"`;
    if (!(error instanceof VimageError)) {
      throw new VimageError('EIO', `${where} cannot be read: ${String(error)} (pair ${index + 1})`, {
        subject: key, place: { pair: index }, hint: 'a fault of the component, not of what was asked', cause: error,
      });
    }
    throw new VimageError(error.code, `${where}: ${error.message} (pair ${index + 1})`, {
      subject: key,
      place: { pair: index },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}

function unknownKey(table: ParamTable, key: string, index: number, { component, tables }: Reading): VimageError {
  const names = component === '' ? Object.keys(table) : [...Object.keys(table), 'share'];
  const whose = component === '' ? 'an image' : `"vir ${component}"`;
  const owners = [...tables.components].filter(([name, other]) => name !== component && own(other, key) !== undefined).map(([name]) => name);
  const elsewhere = component !== '' && own(tables.image, key) !== undefined ? 'it belongs to the image: put it before the first "vir"' : undefined;
  const moved = owners.length > 0 ? `it belongs to component ${owners.map((name) => `"${name}"`).join(' or ')}: put it after "vir ${owners[0]}"` : undefined;
  const list = `known: ${[...names].slice(0, 12).join(', ')}${names.length > 12 ? ', ...' : ''}`;
  return pairError('EINVAL', `${whose} has no parameter ${quote(key)}`, key, index, suggestion(key, names) ?? elsewhere ?? moved ?? list);
}
