import net from 'node:net';
import type { Answer, DecodedPacket, RecordType } from 'dns-packet';
import { hostNames, readResolv } from './files.ts';
import type { Etc } from './files.ts';
import { DnsError, query } from './query.ts';
import type { Asking } from './query.ts';

/** What one of Node's resolvers was told; what it was not is as resolv.conf(5) says. */
export type Told = Partial<Pick<Asking, 'servers' | 'timeout' | 'attempts' | 'local'>>;

/** What is asked of one of Node's resolvers. What it answers: the records, and the time each may be kept. */
type Resolve = (name: string, etc: Etc, told: Told, signal: AbortSignal) => Promise<readonly [result: unknown, ttls?: readonly number[]]>;

/** Records of a type, as Node's native resolver gives them. */
type Shape = (answer: Answer) => unknown;

const text = (data: string | Buffer): string => (typeof data === 'string' ? data : data.toString('latin1'));

/** Since Node 24 some records say of what type they are. */
const typed = (type: string): { readonly type?: string } => (Number(process.versions.node.split('.', 1)[0]) >= 24 ? { type } : {});

const shapes: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['A', (of) => (of.type === 'A' ? of.data : undefined)],
  ['AAAA', (of) => (of.type === 'AAAA' ? of.data : undefined)],
  ['CNAME', (of) => (of.type === 'CNAME' ? of.data : undefined)],
  ['NS', (of) => (of.type === 'NS' ? of.data : undefined)],
  ['PTR', (of) => (of.type === 'PTR' ? of.data : undefined)],
  ['MX', (of) => (of.type === 'MX' ? { exchange: of.data.exchange, priority: of.data.preference ?? 0, ...typed('MX') } : undefined)],
  ['TXT', (of) => (of.type === 'TXT' ? (Array.isArray(of.data) ? of.data : [of.data]).map(text) : undefined)],
  ['SRV', (of) => (of.type === 'SRV' ? { name: of.data.target, port: of.data.port, priority: of.data.priority ?? 0, weight: of.data.weight ?? 0, ...typed('SRV') } : undefined)],
  ['NAPTR', (of) => {
    if (of.type !== 'NAPTR') return undefined;
    const { flags, services, regexp, replacement, order, preference } = of.data;
    return { flags, service: services, regexp, replacement: replacement === '.' ? '' : replacement, order, preference };
  }],
  ['SOA', (of) => {
    if (of.type !== 'SOA') return undefined;
    const { mname, rname, serial, refresh, retry, expire, minimum } = of.data;
    return { nsname: mname, hostmaster: rname, serial, refresh, retry, expire, minttl: minimum };
  }],
  ['CAA', (of) => (of.type === 'CAA' ? { critical: of.data.flags ?? 0, ...typed('CAA'), [of.data.tag]: of.data.value } : undefined)],
  ['TLSA', (of) => {
    if (of.type !== 'TLSA') return undefined;
    const { usage, selector, matchingType, certificate } = of.data;
    return { certUsage: usage, selector, match: matchingType, data: new Uint8Array(certificate).buffer };
  }],
]);

async function ask(name: string, type: RecordType | 'ANY', etc: Etc, told: Told, signal: AbortSignal): Promise<DecodedPacket> {
  const conf = readResolv(etc['resolv.conf']);
  const answer: DecodedPacket & { readonly rcode?: string } = await query(name.replace(/\.$/, ''), type, { ...conf, ...told, signal });
  if (answer.rcode === 'NXDOMAIN') throw new DnsError('ENOTFOUND');
  if (answer.rcode !== undefined && answer.rcode !== 'NOERROR') throw new DnsError(answer.rcode === 'FORMERR' ? 'EFORMERR' : 'EBADRESP');
  return answer;
}

/** Of one type; ENODATA where there is none. */
function records(type: RecordType): Resolve {
  const shape = shapes.get(type);
  return async (name, etc, told, signal) => {
    const { answers = [] } = await ask(name, type, etc, told, signal);
    const found = answers.flatMap((answer) => {
      const value = shape?.(answer);
      return value === undefined ? [] : [{ value, ttl: 'ttl' in answer ? answer.ttl ?? 0 : 0 }];
    });
    if (found.length === 0) throw new DnsError('ENODATA');
    return [found.map(({ value }) => value), found.map(({ ttl }) => ttl)];
  };
}

/** There is one of it. */
const soa: Resolve = async (...args) => {
  const [list] = await records('SOA')(...args);
  return [Array.isArray(list) ? list[0] : undefined];
};

/** Of every type, each as an object that names it. */
const any: Resolve = async (name, etc, told, signal) => {
  const { answers = [] } = await ask(name, 'ANY', etc, told, signal);
  const found = answers.flatMap((answer): readonly object[] => {
    const value = shapes.get(answer.type)?.(answer);
    if (value === undefined) return [];
    if (answer.type === 'A' || answer.type === 'AAAA') return [{ address: value, ttl: answer.ttl ?? 0, type: answer.type }];
    if (answer.type === 'TXT') return [{ entries: value, type: answer.type }];
    return [typeof value === 'object' ? { ...value, type: answer.type } : { value, type: answer.type }];
  });
  if (found.length === 0) throw new DnsError('ENODATA');
  return [found];
};

/** Names of an address: of hosts(5), then of the servers. */
export async function reverse(address: string, etc: Etc, told: Told, signal: AbortSignal): Promise<readonly string[]> {
  if (net.isIP(address) === 0) throw new DnsError('ENOTIMP');
  const listed = hostNames(etc.hosts, address);
  if (listed.length > 0) return listed;
  const [names] = await records('PTR')(reversed(address), etc, told, signal);
  return Array.isArray(names) ? names.map(String) : [];
}

/** The name below in-addr.arpa or ip6.arpa. */
export function reversed(address: string): string {
  if (net.isIPv4(address)) return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
  const [head = '', tail = ''] = (new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname.slice(1, -1)).split('::');
  const [before, after] = [head.split(':').filter(Boolean), tail.split(':').filter(Boolean)];
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return `${groups.map((group) => group.padStart(4, '0')).join('').split('').reverse().join('.')}.ip6.arpa`;
}

/** By native method. */
export const resolvers: ReadonlyMap<string, Resolve> = new Map<string, Resolve>([
  ['queryA', records('A')], ['queryAaaa', records('AAAA')], ['queryCaa', records('CAA')], ['queryCname', records('CNAME')], ['queryMx', records('MX')],
  ['queryNaptr', records('NAPTR')], ['queryNs', records('NS')], ['queryPtr', records('PTR')], ['querySrv', records('SRV')], ['queryTlsa', records('TLSA')],
  ['queryTxt', records('TXT')], ['querySoa', soa], ['queryAny', any],
  ['getHostByAddr', async (address, etc, told, signal) => [await reverse(address, etc, told, signal)]],
]);

/** What one of Node's resolvers was told, beside what its native channel keeps. */
class Channel {
  told: Told = {};
  #calls = new AbortController();

  /** [family, address, port] each. */
  serve(list: unknown): void {
    if (!Array.isArray(list)) return;
    const servers = list.flatMap((each: unknown) => (Array.isArray(each) ? [Number(each[0]) === 6 ? `[${String(each[1])}]:${String(each[2])}` : `${String(each[1])}:${String(each[2])}`] : []));
    this.told = { ...this.told, servers };
  }

  /** Milliseconds, and how often; below 0: as it would be. */
  limit(timeout: unknown, tries: unknown): void {
    const [ms, attempts] = [Number(timeout ?? -1), Number(tries ?? -1)];
    this.told = { ...this.told, ...(ms >= 0 ? { timeout: ms } : {}), ...(attempts > 0 ? { attempts } : {}) };
  }

  /** From which address it is asked, by family. */
  from(...local: readonly unknown[]): void {
    this.told = { ...this.told, local: local.flatMap((address) => (typeof address === 'string' ? [address] : [])) };
  }

  /** [address, port] each, as the native method has them. */
  list(etc: Etc): readonly (readonly [string, number])[] {
    return (this.told.servers ?? readResolv(etc['resolv.conf']).servers.map((server) => (net.isIPv6(server) ? `[${server}]:53` : `${server}:53`))).map((server) => {
      const cut = server.lastIndexOf(':');
      return [server.slice(0, cut).replace(/^\[|\]$/g, ''), Number(server.slice(cut + 1))];
    });
  }

  cancel(): void {
    this.#calls.abort();
    this.#calls = new AbortController();
  }

  /** Called off with either. */
  until(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#calls.signal]);
  }
}

const channels = new WeakMap<object, Channel>();

export function channelOf(handle: object): Channel {
  const known = channels.get(handle) ?? new Channel();
  channels.set(handle, known);
  return known;
}
