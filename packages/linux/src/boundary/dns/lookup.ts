import dgram from 'node:dgram';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { hostAddresses, readResolv } from './files.ts';
import type { Etc, ResolvConf } from './files.ts';
import { DnsError, query } from './query.ts';

/** What getaddrinfo(3) is asked for: numbers as Node's native call takes them. */
export interface Wanted {
  readonly name: string;
  /** 4, 6, or 0 for both. */
  readonly family: number;
  /** AI_*, of netdb.h. */
  readonly hints: number;
}

export const AI_V4MAPPED = 0x8;
export const AI_ALL = 0x10;
export const AI_ADDRCONFIG = 0x20;

/** Addresses of a name in an image, as getaddrinfo(3) there would sort them; empty: it has none. DnsError. */
export async function addresses(wanted: Wanted, etc: Etc, signal: AbortSignal): Promise<readonly string[]> {
  const families = familiesOf(wanted);
  const mapped = wanted.family === 6 && (wanted.hints & AI_V4MAPPED) !== 0;
  const both = mapped ? [6, 4] : families;
  const found = (await known(wanted.name, etc.hosts)) ?? await asked(wanted.name, readResolv(etc['resolv.conf']), both, signal);
  const four = found.filter((address) => net.isIPv4(address));
  const six = found.filter((address) => net.isIPv6(address));
  if (mapped) {
    const instead = six.length === 0 || (wanted.hints & AI_ALL) !== 0 ? four.map((address) => `::ffff:${address}`) : [];
    return sorted([...six, ...instead]);
  }
  return sorted([...(families.includes(6) ? six : []), ...(families.includes(4) ? four : [])]);
}

/** With AI_ADDRCONFIG only those that some interface but loopback has, if any has. */
function familiesOf({ family, hints }: Wanted): readonly number[] {
  if (family !== 0) return [family];
  if ((hints & AI_ADDRCONFIG) === 0) return [6, 4];
  const seen = new Set(Object.values(networkInterfaces()).flat().filter((each) => each !== undefined && !each.internal).map((each) => (each?.family === 'IPv6' ? 6 : 4)));
  return seen.size === 1 ? [...seen] : [6, 4];
}

/** What needs no server: numbers, hosts(5), and this host itself (RFC 6761, 6.3). */
function known(name: string, hosts: string): readonly string[] | undefined {
  const listed = hostAddresses(hosts, name);
  if (listed.length > 0) return listed;
  return /^(.*\.)?localhost\.?$/i.test(name) ? ['::1', '127.0.0.1'] : undefined;
}

/** The name with each suffix of resolv.conf in turn, until one has an address. */
async function asked(name: string, conf: ResolvConf, families: readonly number[], signal: AbortSignal): Promise<readonly string[]> {
  const names = candidates(name, conf);
  let trouble: DnsError | undefined;
  for (const each of names) {
    const results = await Promise.allSettled(families.map((family) => records(each, family === 6 ? 'AAAA' : 'A', conf, signal)));
    const found = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    if (found.length > 0) return found;
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      const error: unknown = result.reason;
      if (!(error instanceof DnsError)) throw error;
      trouble = error;
    }
  }
  if (trouble !== undefined) throw trouble;
  return [];
}

/** Names to ask for, in order (resolv.conf(5): search, ndots). */
export function candidates(name: string, { search, ndots }: Pick<ResolvConf, 'search' | 'ndots'>): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const longer = search.map((suffix) => `${name}.${suffix}`);
  return name.split('.').length > ndots ? [name, ...longer] : [...longer, name];
}

async function records(name: string, type: 'A' | 'AAAA', conf: ResolvConf, signal: AbortSignal): Promise<readonly string[]> {
  const { answers = [] } = await query(name, type, { ...conf, signal });
  return answers.flatMap((answer) => (answer.type === type ? [answer.data] : []));
}

/** RFC 6724, as far as it can be told without asking the kernel's table: what can be reached first, then by precedence. */
async function sorted(list: readonly string[]): Promise<readonly string[]> {
  const unique = [...new Set(list)];
  if (unique.length < 2) return unique;
  const rated = await Promise.all(unique.map(async (address, index) => ({ address, index, reached: await isReached(address), precedence: precedence(address) })));
  rated.sort((a, b) => Number(b.reached) - Number(a.reached) || b.precedence - a.precedence || a.index - b.index);
  return rated.map(({ address }) => address);
}

function precedence(address: string): number {
  if (address === '::1') return 50;
  if (net.isIPv4(address) || /^::ffff:/i.test(address)) return 35;
  if (/^2002:/i.test(address)) return 30;
  if (/^2001:0?:/i.test(address)) return 5;
  return /^f[cd]/i.test(address) ? 3 : 40;
}

/** Whether there is an address of ours from which it would be spoken to: a datagram socket is connected, and nothing sent. */
function isReached(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket(net.isIPv6(address) ? 'udp6' : 'udp4');
    const done = (reached: boolean): void => {
      socket.close();
      resolve(reached);
    };
    socket.once('error', () => { done(false); });
    socket.connect(9, address, () => { done(true); });
  });
}
