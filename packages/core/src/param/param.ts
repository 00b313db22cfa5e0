import type { ParamType, MapItem } from './type.ts';

export type { CandidateSource, JsonSchema, MapItem, ParamType } from './type.ts';

/** When a parameter may be given: only to `create`, also to `set`, or never (it is only shown). */
export type Access = 'create' | 'rw' | 'ro';

/** How a restricting parameter is compared with the parent's: a child is never less restricted. */
export type RestrictOrder = 'and' | 'min' | 'subset';

/** What is declared of a parameter besides its type. */
export interface ParamOptions {
  readonly access: Access;
  /** One line, no full stop. */
  readonly describe: string;
  /** A value as a user would type it; it must parse. */
  readonly example: string;
  /** Set on a parameter that restricts. */
  readonly order?: RestrictOrder;
  /** What holds when nothing is given, in text form. Shown only: parsed values hold what was given and nothing else. */
  readonly default?: string;
}

export interface ListOptions extends ParamOptions {
  /** Whether one value may hold several items, separated by commas (default true). False where an item may hold a comma. */
  readonly split?: boolean;
}

/**
 * One declared parameter; the only source for parsing, printing, help, completion and JSON Schema.
 * `Multi`: the key may be repeated, and its value is a `readonly T[]`.
 */
export interface Param<T = unknown, Multi extends boolean = boolean> extends ParamOptions {
  readonly type: ParamType<T>;
  readonly multi: Multi;
  /** Items of one value are separated by commas. False for single-valued parameters. */
  readonly split: boolean;
}

/**
 * A component's parameters by key, in the order in which they are printed. A key may be dotted (`allow.mount`).
 *
 * Under `isolatedDeclarations` the type of an exported table is written out; the aliases below are made for that.
 *
 * @example
 * import { listParam, param, type, type FlagParam, type ListParam, type Param } from '@vimage/core';
 *
 * export const vnetParams: {
 *   readonly if: ListParam<string>;
 *   readonly mtu: Param<number, false>;
 *   readonly up: FlagParam;
 * } = {
 *   if: listParam(type.ifname(), { access: 'rw', describe: 'interfaces moved in from the parent', example: 'wi0,eth0' }),
 *   mtu: param(type.int({ min: 68, max: 65535 }), { access: 'rw', describe: 'largest packet', example: '1400' }),
 *   up: param(type.flag(), { access: 'rw', describe: 'link up', example: 'true', default: 'true' }),
 * };
 */
export type ParamTable = Readonly<Record<string, Param>>;

export type OneParam<T> = Param<T, false>;
export type ListParam<T> = Param<T, true>;
export type MapParam<K, V> = Param<MapItem<K, V>, true>;
export type StringParam = Param<string, false>;
export type FlagParam = Param<boolean, false>;
/** Also sizes (bytes), durations (milliseconds) and rates (bits per second). */
export type IntParam = Param<number, false>;

/** The parsed value of one parameter. */
export type ValueOf<P> = P extends Param<infer T, infer M> ? ([M] extends [true] ? readonly T[] : T) : never;

/** Parsed values by key; absent is what was not given. An empty list was given, as empty. */
export type ParamValues<T extends ParamTable> = { readonly [K in keyof T]?: ValueOf<T[K]> };

/** What a TypeScript user may write for one parameter: its value, or its text. */
export type SugarOfParam<P> = P extends Param<infer T, infer M> ? ([M] extends [true] ? ListSugar<T> : T | string) : never;

type ListSugar<T> = string | readonly (T | string)[] | ([T] extends [MapItem<infer K, infer V>] ? MapSugar<K, V> : T);
type MapSugar<K, V> = Readonly<Partial<Record<K extends string ? K : string, V | string | readonly (V | string)[]>>>;

/** What a TypeScript user may write for the parameters of a table. */
export type ParamSugar<T extends ParamTable> = { readonly [K in keyof T]?: SugarOfParam<T[K]> };

/** What a TypeScript user may write for a section: its parameters, `{ share: 'image' }`, or `true` where there is nothing to say. */
export type SectionSugar<T extends ParamTable> = true | { readonly share: string } | (ParamSugar<T> & { readonly share?: never });

/** Declares a parameter that is given once. */
export function param<T>(type: ParamType<T>, options: ParamOptions): Param<T, false> {
  return Object.freeze({ ...options, type, multi: false, split: false });
}

/** Declares a parameter whose key may be repeated and, unless `split` is false, whose values are comma-separated. */
export function listParam<T>(type: ParamType<T>, options: ListOptions): Param<T, true> {
  return Object.freeze({ ...options, type, multi: true, split: options.split ?? true });
}
