import { VimageError } from '../errors.ts';
import type { Param, ParamTable } from '../param/param.ts';
import { quote } from '../param/text.ts';
import { parseItems, printItems } from './list.ts';
import { suggestion } from './nearest.ts';
import { own, parseImage, type PairsAccess } from './parse.ts';
import { normal, normalPairs } from './normal.ts';
import type { Tables } from './tables.ts';
import type { Pair, Pairs } from './pairs.ts';

/** Typed values as JSON has them: the image's keys, and for each component `true`, `{ share }` or its keys. */
export type SugarObject = Readonly<Record<string, unknown>>;

/**
 * The typed form of an image as canonical pairs, checked as {@link parseImage} checks. What is undefined is not given.
 * EINVAL also where a value is not of the parameter's type.
 */
export function toPairs(spec: object, tables: Tables, options: { readonly access: PairsAccess } = { access: 'create' }): Pairs {
  const image: Pair[] = [];
  const parts: Pair[] = [];
  for (const [key, value] of Object.entries(spec)) {
    if (value === undefined) continue;
    const param = own(tables.image, key);
    const table = tables.components.get(key);
    if (param !== undefined) {
      image.push(...paramPairs(key, param, value));
    } else if (table !== undefined) {
      parts.push(['vir', key], ...sectionPairs(key, table, value));
    } else {
      const known = [...Object.keys(tables.image), ...tables.components.keys()];
      throw new VimageError('EINVAL', `an image has no parameter and no component ${quote(key)} here`, {
        subject: key,
        hint: suggestion(key, known) ?? `is the package of ${quote(key)} installed?`,
      });
    }
  }
  return normalPairs(normal([...image, ...parts], tables, options.access));
}

function sectionPairs(component: string, table: ParamTable, value: unknown): Pair[] {
  if (value === true) return [];
  if (!isRecord(value)) {
    throw new VimageError('EINVAL', `"${component}": expected an object of parameters, { share: 'IMAGE' } or true`, { subject: component });
  }
  return Object.entries(value).flatMap(([key, given]): Pair[] => {
    if (given === undefined) return [];
    const param = own(table, key);
    if (param !== undefined) return paramPairs(key, param, given);
    if (key === 'share' && typeof given === 'string') return [[key, given]];
    throw new VimageError('EINVAL', `"${component}" has no parameter ${quote(key)}`, {
      subject: key,
      hint: suggestion(key, [...Object.keys(table), 'share']) ?? `known: ${Object.keys(table).join(', ')}`,
    });
  });
}

function paramPairs(key: string, param: Param, value: unknown): Pair[] {
  try {
    const texts = param.multi ? printItems(param, items(param, value)) : [text(param, value)];
    return texts.map((each): Pair => [key, each]);
  } catch (error) {
    if (!(error instanceof VimageError) || error.subject === key) throw error;
    throw new VimageError(error.code, `"${key}": ${error.message}`, { subject: key, cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  }
}

/** One value as text, whether it was given as text or as a value. */
function text(param: Param, value: unknown): string {
  if (typeof value === 'string') return value;
  if (!param.type.is(value)) throw new VimageError('EINVAL', `expected ${param.type.expected}, not ${shown(value)}`);
  return param.type.print(value);
}

function items(param: Param, value: unknown): unknown[] {
  const one = (item: unknown): unknown => param.type.parse(text(param, item));
  if (typeof value === 'string') return parseItems(param, [value]);
  if (Array.isArray(value)) return value.map(one);
  if (param.type.keyed === true && isRecord(value)) {
    return Object.entries(value).flatMap(([key, held]) =>
      (Array.isArray(held) ? held : [held]).map((each: unknown) => one(typeof each === 'string' ? `${key}=${each}` : { key, value: each })));
  }
  return [one(value)];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `${typeof value} ${String(value)}`;
}

/** Pairs as an object that {@link toPairs} makes the same pairs of: numbers and booleans as such, all else as text. */
export function toSugar(pairs: Pairs, tables: Tables): SugarObject {
  const parsed = parseImage(pairs, tables, { access: 'show' });
  const result = new Map<string, unknown>(Object.entries(sugarValues(tables.image, parsed.image)));
  for (const [component, table] of tables.components) {
    const section = parsed.sections.get(component);
    if (section === undefined) continue;
    const values = section.share === undefined ? sugarValues(table, section.values) : { share: section.share };
    result.set(component, Object.keys(values).length === 0 ? true : values);
  }
  return Object.fromEntries(result);
}

function sugarValues(table: ParamTable, values: Readonly<Record<string, unknown>>): SugarObject {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => {
    const param = own(table, key);
    if (param === undefined) return [key, value];
    const plain = (each: unknown): unknown => (typeof each === 'number' || typeof each === 'boolean' ? each : param.type.print(each));
    return [key, param.multi && Array.isArray(value) ? value.map(plain) : plain(value)];
  }));
}
