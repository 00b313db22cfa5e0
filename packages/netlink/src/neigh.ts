import { NDA_DST, NDA_LLADDR, NDA_PROTOCOL, NDMSG_LEN, NEIGH_FLAGS, NEIGH_STATES } from './abi/neigh.ts';
import { AF_UNSPEC, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './abi/netlink.ts';
import { RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from './abi/rtnetlink.ts';
import type { IpFamily } from './address.ts';
import { familyName, familyNumber, formatAddress, formatMac, parseAddress, parseMac } from './address.ts';
import type { Channel } from './channel.ts';
import { defined, toBits, toFlags, toName, toNumber } from './enum.ts';
import type { LinkRef } from './names.ts';
import type { Request } from './request.ts';
import type { Resolver } from './resolve.ts';
import { Attrs } from './wire/attr.ts';
import { Reader } from './wire/reader.ts';
import { Writer } from './wire/writer.ts';

/** A neighbour to set (ip-neighbour(8)). What `neighList` gives can be given back. */
export interface NeighSpec {
  dev: LinkRef;
  address: string;
  lladdr?: string;
  /** `permanent` unless given; also `reachable`, `stale`, `noarp`, ... */
  state?: string;
  /** `router`, `proxy`, `extern_learn`, `use`, ... */
  flags?: readonly string[];
  protocol?: number;
}

/** A neighbour the kernel knows; `dev` is the interface's index. */
export interface Neigh extends NeighSpec {
  readonly dev: number;
  readonly family: IpFamily;
  readonly state: string;
  readonly flags: readonly string[];
}

export type NeighFilter = { dev?: LinkRef; family?: IpFamily; /** The proxy entries instead of the others. */ proxy?: boolean };

/** `EEXIST` if the address is known already. */
export function neighAdd(resolver: Resolver, spec: NeighSpec): Request {
  return change(resolver, spec, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, 'neigh add');
}

export function neighReplace(resolver: Resolver, spec: NeighSpec): Request {
  return change(resolver, spec, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, 'neigh replace');
}

/** `ENOENT` if there is none. */
export function neighDel(resolver: Resolver, spec: NeighSpec): Request {
  return change(resolver, spec, RTM_DELNEIGH, 0, 'neigh del');
}

function change(resolver: Resolver, spec: NeighSpec, type: number, flags: number, operation: string): Request {
  const address = parseAddress(spec.address, 'neigh');
  const state = toNumber(NEIGH_STATES, spec.state ?? 'permanent', 'neighbour state');
  const w = new Writer(64);
  w.u8(familyNumber(address.family)).u8(0).u16(0).i32(resolver.index(spec.dev));
  w.u16(type === RTM_DELNEIGH ? 0 : state).u8(toBits(NEIGH_FLAGS, spec.flags ?? [], 'neighbour flag')).u8(0);
  w.attrBytes(NDA_DST, address.bytes);
  if (spec.lladdr !== undefined && type !== RTM_DELNEIGH) w.attrBytes(NDA_LLADDR, parseMac(spec.lladdr));
  if (spec.protocol !== undefined && type !== RTM_DELNEIGH) w.attrU8(NDA_PROTOCOL, spec.protocol);
  return { type, flags, body: w.finish(), operation, object: spec.address };
}

/** Reads the body of RTM_NEWNEIGH or RTM_DELNEIGH; undefined for a bridge's own entries. */
export function readNeigh(body: Uint8Array): Neigh | undefined {
  const header = new Reader(body);
  header.need(0, NDMSG_LEN);
  const family = familyName(header.u8(0));
  if (family === undefined) return undefined;
  const a = Attrs.read(body, NDMSG_LEN);
  const lladdr = a.bytes(NDA_LLADDR);
  return {
    dev: header.i32(4),
    family,
    address: formatAddress(a.bytes(NDA_DST) ?? new Uint8Array(family === 'inet' ? 4 : 16)),
    state: toName(NEIGH_STATES, header.u16(8)),
    flags: toFlags(NEIGH_FLAGS, header.u8(10)),
    ...defined({ lladdr: lladdr === undefined ? undefined : formatMac(lladdr), protocol: a.u8(NDA_PROTOCOL) }),
  };
}

/** The neighbours of IPv4 and IPv6, also those without a state (`none`) and `noarp`, which ip(8) hides. */
export function neighList(channel: Channel, resolver: Resolver, filter: NeighFilter = {}): Neigh[] {
  const dev = filter.dev === undefined ? 0 : resolver.index(filter.dev);
  const w = new Writer(16);
  w.u8(filter.family === undefined ? AF_UNSPEC : familyNumber(filter.family)).u8(0).u16(0).i32(0).u16(0);
  w.u8(filter.proxy === true ? NEIGH_FLAGS.proxy : 0).u8(0);
  const found = channel
    .dump({ type: RTM_GETNEIGH, flags: 0, body: w.finish(), operation: 'neigh list', object: '' })
    .flatMap((m) => (m.type === RTM_NEWNEIGH ? (readNeigh(m.body) ?? []) : []));
  return found.filter((n) => (dev === 0 || n.dev === dev) && (filter.family === undefined || n.family === filter.family));
}
