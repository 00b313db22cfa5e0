import { lookup } from 'node:dns/promises';
import { isHostName, VimageError, type Pair, type Pairs, type Param, type ParamTable, type Tables } from '@vimage/core';

/** Finds the addresses of a host; `dns.lookup` unless a test gives another. */
export type Resolver = (host: string) => Promise<readonly string[]>;

const system: Resolver = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * Puts numbers in the place of host names, in the caller's own network: the kernel side takes numbers only.
 * Only values that do not parse as they are, and only where their type has an address, are looked at.
 * EADDRNOTAVAIL: no such host; EINVAL: it has several addresses.
 */
export async function resolveHosts(pairs: Pairs, tables: Tables, resolver: Resolver = system): Promise<Pairs> {
  let table: ParamTable | undefined = tables.image;
  const resolved: Pair[] = [];
  for (const [index, pair] of pairs.entries()) {
    const [key, value] = pair;
    if (key === 'vir') table = tables.components.get(value);
    const param = key !== 'vir' && table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
    resolved.push(param === undefined ? pair : [key, await resolveValue(param, value, { key, index, resolver })]);
  }
  return resolved;
}

interface Asking {
  readonly key: string;
  readonly index: number;
  readonly resolver: Resolver;
}

async function resolveValue(param: Param, value: string, asking: Asking): Promise<string> {
  const { kind } = param.type;
  if (!/(?:^|[=|])(?:address|cidr)(?:$|[=|])/.test(kind)) return value;
  const items = param.split ? value.split(',') : [value];
  const done: string[] = [];
  for (const item of items) done.push(parses(param, item) ? item : await resolveItem(kind, item, asking));
  return done.join(',');
}

function parses(param: Param, text: string): boolean {
  try {
    param.type.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** `kind` is as core composes it: `KEY=VALUE` of a map, `A|B` of a choice. */
async function resolveItem(kind: string, text: string, asking: Asking): Promise<string> {
  const at = kind.indexOf('=');
  if (at < 0) return resolveText(kind.split('|'), text, asking);
  const cut = text.indexOf('=');
  if (cut < 0) return text;
  const key = await resolveText(kind.slice(0, at).split('|'), text.slice(0, cut), asking);
  return `${key}=${await resolveItem(kind.slice(at + 1), text.slice(cut + 1), asking)}`;
}

async function resolveText(kinds: readonly string[], text: string, asking: Asking): Promise<string> {
  const [host = '', ...tail] = kinds.includes('cidr') ? text.split('/') : [text];
  const rest = tail.length > 0 ? `/${tail.join('/')}` : '';
  if ((!kinds.includes('address') && !(kinds.includes('cidr') && rest !== '')) || !isHostName(host)) return text;
  // A choice between a word and an address: a word is what it was meant as.
  if (kinds.length > 1 && kinds.some((kind) => kind !== 'address' && kind !== 'cidr' && kind !== 'network') && !host.includes('.')) return text;
  const { key, index, resolver } = asking;
  const place = { pair: index };
  let addresses: readonly string[];
  try {
    addresses = [...new Set(await resolver(host))];
  } catch (cause) {
    throw new VimageError('EADDRNOTAVAIL', `"${key}": no address is known for the host "${host}"`, {
      subject: host, place, cause, hint: 'write the address as a number, or mend the name service of this host',
    });
  }
  const [address] = addresses;
  if (address === undefined || addresses.length > 1) {
    throw new VimageError('EINVAL', `"${key}": the host "${host}" has ${addresses.length} addresses: ${addresses.join(', ')}`, {
      subject: host, place, hint: 'write the one that is meant',
    });
  }
  return `${address}${rest}`;
}
