import { VimageError, suggestion, type Pair, type Pairs, type ParamTable } from '@vimage/core';
import type { ConfParam, ConfSource } from '../conf/types.ts';
import { jailParams } from '../params.ts';
import { fates, mountKind, passed, type Fate } from './table.ts';
import { addressText, boolean, fstabPair, quoted } from './values.ts';

const table: ParamTable = jailParams;

/** Whether a parameter of `vir jail` has many values. */
export function isList(key: string): boolean {
  return table[key]?.multi === true;
}

function isFlag(key: string): boolean {
  return table[key]?.type.kind === 'flag';
}

/** What one parameter becomes: pairs of the image, of `vir jail`, and of other sections. */
export interface Converted {
  readonly image: Pairs;
  readonly jail: Pairs;
  readonly others: readonly { readonly component: string; readonly pair: Pair }[];
  readonly fate: Fate;
}

/** What the other parameters of a jail have to say. */
export interface Around {
  readonly path: string | undefined;
  readonly vnet: boolean;
  readonly source: ConfSource;
}

const renamed: Readonly<Record<string, string>> = { 'exec.prepare': 'exec.prestart', 'exec.release': 'exec.poststop', 'allow.adjtime': 'allow.settime' };

/** One parameter of jail.conf(5). EINVAL: nobody knows it, or what it says. */
export function convert(given: ConfParam, around: Around): Converted {
  const param = negated(given);
  const { name, values } = param;
  const foreign = /^vimage\.([a-z][a-z0-9]*)\.(.+)$/.exec(name);
  if (foreign !== null) {
    const [, component = '', key = ''] = foreign;
    return { image: [], jail: [], others: values.map((value) => ({ component, pair: [key, value] })), fate: passed };
  }
  const fate = Object.hasOwn(fates, name) ? fates[name] : name.startsWith('allow.mount.') ? mountKind : undefined;
  if (fate === undefined || name === 'name') {
    throw new VimageError('EINVAL', `jail(8) has no parameter ${JSON.stringify(name)}`, {
      subject: name, hint: suggestion(name, Object.keys(fates)) ?? 'a parameter of a component is vimage.COMPONENT.KEY',
    });
  }
  if (name === 'children.max') return { image: [['children.max', one(param)]], jail: [], others: [], fate };
  return { image: [], jail: fate.fate === 'none' ? [] : jailPairs(param, around), others: [], fate: withoutVnet(name, fate, around) };
}

/** `novnet;`: a flag of this name that is none has the value false. */
function negated(param: ConfParam): ConfParam {
  const name = param.name.replace(/^(.*\.)?no/, '$1');
  return param.bare === true && !Object.hasOwn(fates, param.name) && Object.hasOwn(fates, name) ? { ...param, name, values: ['false'] } : param;
}

function jailPairs(param: ConfParam, { path, source }: Around): Pairs {
  const { name, values } = param;
  const key = renamed[name] ?? name;
  if (name === 'host' || name === 'persist') return [];
  if (isFlag(key)) return [[key, boolean(one(param))]];
  if (name === 'ip4.addr' || name === 'ip6.addr') return values.map((value) => [name, addressText(value)]);
  if (name === 'mount') return values.flatMap((line) => pairOf(line, path));
  if (name === 'mount.fstab') return source.read(one(param), param.place.file).flatMap(({ text }) => text.split('\n').flatMap((line) => pairOf(line, path)));
  if (name === 'exec.timeout') return [[name, one(param) === '0' ? '0' : `${one(param)}s`]];
  if (name === 'command') return [[name, values.length === 1 ? one(param) : values.map(quoted).join(' ')]];
  if (name === 'enforce_statfs') return [];
  return isList(key) ? values.map((value) => [key, value]) : [[key, one(param)]];
}

function pairOf(line: string, path: string | undefined): readonly Pair[] {
  const pair = fstabPair(line, path);
  return pair === undefined ? [] : [pair];
}

/** With a stack of its own an address is where FreeBSD has it: on an interface of the jail. */
function withoutVnet(name: string, fate: Fate, { vnet }: Around): Fate {
  return vnet && /^ip[46]\.addr$/.test(name) ? { fate: 'different', text: 'an address on that interface of the jail, which jail(8) leaves to exec.start' } : fate;
}

function one({ name, values }: ConfParam): string {
  const [value] = values;
  if (value !== undefined && values.length === 1) return value;
  throw new VimageError('EINVAL', `${name} has one value, not ${values.length}`, { subject: name });
}
