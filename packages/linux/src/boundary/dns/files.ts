import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { codeOf } from '@vimage/core';

/** The files by which names are resolved, of the machine or of an image. */
export interface Etc {
  readonly hosts: string;
  readonly 'resolv.conf': string;
}

/** What resolv.conf(5) says, as far as it is followed. */
export interface ResolvConf {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
  /** Milliseconds for one answer of one server. */
  readonly timeout: number;
  readonly attempts: number;
  readonly rotate: boolean;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return '';
  }
}

/** Reads resolv.conf(5); without a server in it, the resolver is on this host. */
export function parseResolv(text: string): ResolvConf {
  const servers: string[] = [];
  let search: readonly string[] = [];
  const options = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.replace(/[#;].*$/, '').trim().split(/\s+/);
    const [first = ''] = rest;
    if (word === 'nameserver' && isIP(first.replace(/%.*$/, '')) > 0 && servers.length < 3) servers.push(first);
    if (word === 'search' || word === 'domain') search = rest.map((each) => each.replace(/\.$/, '')).filter((each) => each !== '');
    if (word === 'options') for (const option of rest) options.set(option.replace(/:.*$/, ''), option.replace(/^[^:]*:?/, ''));
  }
  const number = (name: string, otherwise: number, most: number): number => {
    const given = options.get(name) ?? '';
    return /^\d{1,9}$/.test(given) ? Math.min(Number(given), most) : otherwise;
  };
  return {
    servers: servers.length > 0 ? servers : ['127.0.0.1'],
    search,
    ndots: number('ndots', 1, 15),
    timeout: 1000 * Math.max(number('timeout', 5, 30), 1),
    attempts: Math.max(number('attempts', 2, 5), 1),
    rotate: options.has('rotate'),
  };
}

/** A line of hosts(5). */
interface Host {
  readonly address: string;
  readonly names: readonly string[];
}

/** Reads hosts(5). Names are in lower case. */
export function parseHosts(text: string): readonly Host[] {
  return text.split('\n').flatMap((line): readonly Host[] => {
    const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
    return isIP(address.replace(/%.*$/, '')) > 0 && names.length > 0 ? [{ address, names: names.map((name) => name.toLowerCase()) }] : [];
  });
}

export function readResolv(path: string): ResolvConf {
  return parseResolv(textOf(path));
}

/** Addresses of a name that hosts(5) has. */
export function hostAddresses(path: string, name: string): readonly string[] {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  return parseHosts(textOf(path)).filter(({ names }) => names.includes(wanted)).map(({ address }) => address);
}

/** Names of an address that hosts(5) has; the first of each line is the name proper. */
export function hostNames(path: string, address: string): readonly string[] {
  return parseHosts(textOf(path)).filter((each) => each.address === address).flatMap(({ names }) => names);
}

/** Name of a TCP or UDP port, as services(5) has it; the number where it has none. */
export function serviceName(port: number): string {
  const found = new RegExp(`^(\\S+)\\s+${port}/tcp\\b`, 'm').exec(textOf('/etc/services'));
  return found?.[1] ?? String(port);
}
