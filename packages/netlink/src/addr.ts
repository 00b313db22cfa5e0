import {
  ADDR_FLAGS, ADDR_FLAGS_SETTABLE, IFA_ADDRESS, IFA_BROADCAST, IFA_CACHEINFO, IFA_FLAGS, IFA_LABEL, IFA_LOCAL, IFA_PROTO, IFA_RT_PRIORITY, IFADDRMSG_LEN,
  INFINITY_LIFE_TIME,
} from './abi/addr.ts';
import { AF_UNSPEC, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './abi/netlink.ts';
import { SCOPES } from './abi/route.ts';
import { RTM_DELADDR, RTM_GETADDR, RTM_NEWADDR } from './abi/rtnetlink.ts';
import type { IpFamily, IpPrefix } from './address.ts';
import { familyName, familyNumber, formatAddress, parseAddressOf, parsePrefix } from './address.ts';
import type { Channel } from './channel.ts';
import { defined, toBits, toFlags, toName, toNumber } from './enum.ts';
import { codeOf, invalid } from './error.ts';
import type { LinkRef } from './names.ts';
import { checkName } from './names.ts';
import type { Request } from './request.ts';
import type { Resolver } from './resolve.ts';
import { Attrs } from './wire/attr.ts';
import { Reader } from './wire/reader.ts';
import { Writer } from './wire/writer.ts';

/** Seconds, or for ever. */
export type Lifetime = number | 'forever';

/** An address to set (ip-address(8)). What `addrList` gives can be given back as it is. */
export interface AddrSpec {
  dev: LinkRef;
  /** `10.0.0.2/24`; without a length a host's own /32 or /128. */
  address: string;
  /** The other end of a point-to-point link; the length of `address` belongs to it. */
  peer?: string;
  /** IPv4 only; `auto` sets all host bits. */
  broadcast?: string;
  /** `global`, `link`, `host`, `site` or a number; loopback addresses are `host` unless given. */
  scope?: string;
  /** IPv4 only: the interface's name, or that with `:suffix`. */
  label?: string;
  /** `nodad`, `noprefixroute`, `home`, `optimistic`, `managetempaddr`, `autojoin`; flags that are the kernel's own are passed over. */
  flags?: readonly string[];
  validLifetime?: Lifetime;
  preferredLifetime?: Lifetime;
  /** Metric of the prefix route. */
  metric?: number;
  /** IFA_PROTO: who set it. */
  protocol?: number;
}

/** An address that is set; `dev` is the interface's index. */
export interface Addr extends AddrSpec {
  readonly dev: number;
  readonly family: IpFamily;
  readonly scope: string;
  readonly flags: readonly string[];
  readonly validLifetime: Lifetime;
  readonly preferredLifetime: Lifetime;
}

export type AddrFilter = { dev?: LinkRef; family?: IpFamily };

/** `EEXIST` if it is set already. */
export function addrAdd(resolver: Resolver, spec: AddrSpec): Request {
  return change(resolver, spec, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, 'addr add');
}

/** Sets it, or changes lifetimes and flags of one that is set. */
export function addrReplace(resolver: Resolver, spec: AddrSpec): Request {
  return change(resolver, spec, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, 'addr replace');
}

/** `EADDRNOTAVAIL` if it is not set. */
export function addrDel(resolver: Resolver, spec: AddrSpec): Request {
  return change(resolver, spec, RTM_DELADDR, 0, 'addr del');
}

function change(resolver: Resolver, spec: AddrSpec, type: number, flags: number, operation: string): Request {
  const local = parsePrefix(spec.address, 'addr');
  const w = new Writer(128);
  const settable = toBits(ADDR_FLAGS, spec.flags ?? [], 'address flag') & ADDR_FLAGS_SETTABLE;
  const scope = spec.scope === undefined ? defaultScope(local) : toNumber(SCOPES, spec.scope, 'scope');
  w.u8(familyNumber(local.family)).u8(local.length).u8(settable & 0xff).u8(scope).u32(resolver.index(spec.dev));
  w.attrBytes(IFA_LOCAL, local.bytes);
  w.attrBytes(IFA_ADDRESS, spec.peer === undefined ? local.bytes : parseAddressOf(local.family, spec.peer, 'peer'));
  if (type === RTM_NEWADDR) writeDetails(w, spec, local, settable);
  return { type, flags, body: w.finish(), operation, object: spec.address };
}

function writeDetails(w: Writer, spec: AddrSpec, local: IpPrefix, flags: number): void {
  if (spec.broadcast !== undefined) {
    if (local.family !== 'inet') throw invalid('broadcast', 'IPv6 has none');
    w.attrBytes(IFA_BROADCAST, spec.broadcast === 'auto' ? allHosts(local) : parseAddressOf('inet', spec.broadcast, 'broadcast'));
  }
  // A label may hold a colon, which a name may not.
  if (spec.label !== undefined && local.family === 'inet') w.attrString(IFA_LABEL, checkLabel(spec.label));
  if (flags > 0) w.attrU32(IFA_FLAGS, flags);
  if (spec.metric !== undefined) w.attrU32(IFA_RT_PRIORITY, spec.metric);
  if (spec.protocol !== undefined) w.attrU8(IFA_PROTO, spec.protocol);
  const { validLifetime, preferredLifetime } = spec;
  if (validLifetime !== undefined || preferredLifetime !== undefined) {
    w.attr(IFA_CACHEINFO, (a) => a.u32(seconds(preferredLifetime)).u32(seconds(validLifetime)).u32(0).u32(0));
  }
}

function checkLabel(label: string): string {
  checkName(label.replaceAll(':', '.'), 'label');
  return label;
}

function seconds(lifetime: Lifetime | undefined): number {
  return lifetime === undefined || lifetime === 'forever' ? INFINITY_LIFE_TIME : lifetime;
}

function defaultScope(local: IpPrefix): number {
  return local.family === 'inet' && local.bytes[0] === 127 ? SCOPES.host : SCOPES.global;
}

function allHosts(prefix: IpPrefix): Uint8Array {
  return prefix.bytes.map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, prefix.length - i * 8))));
}

/** Reads the body of RTM_NEWADDR or RTM_DELADDR; undefined for families other than IPv4 and IPv6. */
export function readAddr(body: Uint8Array): Addr | undefined {
  const header = new Reader(body);
  header.need(0, IFADDRMSG_LEN);
  const family = familyName(header.u8(0));
  if (family === undefined) return undefined;
  const a = Attrs.read(body, IFADDRMSG_LEN);
  const address = a.bytes(IFA_ADDRESS);
  const local = a.bytes(IFA_LOCAL) ?? address ?? new Uint8Array(family === 'inet' ? 4 : 16);
  const peer = address !== undefined && formatAddress(address) !== formatAddress(local) ? formatAddress(address) : undefined;
  const broadcast = a.bytes(IFA_BROADCAST);
  const times = a.reader(IFA_CACHEINFO);
  return {
    dev: header.u32(4),
    family,
    address: `${formatAddress(local)}/${header.u8(1)}`,
    scope: toName(SCOPES, header.u8(3)),
    flags: toFlags(ADDR_FLAGS, a.u32(IFA_FLAGS) ?? header.u8(2)),
    validLifetime: lifetime(times?.u32(4)),
    preferredLifetime: lifetime(times?.u32(0)),
    ...defined({
      peer, broadcast: broadcast === undefined ? undefined : formatAddress(broadcast), label: a.string(IFA_LABEL),
      metric: a.u32(IFA_RT_PRIORITY), protocol: a.u8(IFA_PROTO),
    }),
  };
}

function lifetime(value: number | undefined): Lifetime {
  return value === undefined || value === INFINITY_LIFE_TIME ? 'forever' : value;
}

/** The addresses of the namespace, or of one interface or family. */
export function addrList(channel: Channel, resolver: Resolver, filter: AddrFilter = {}): Addr[] {
  const dev = filter.dev === undefined ? 0 : resolver.index(filter.dev);
  const w = new Writer(16);
  w.u8(filter.family === undefined ? AF_UNSPEC : familyNumber(filter.family)).u8(0).u8(0).u8(0).u32(dev);
  const found = channel
    .dump({ type: RTM_GETADDR, flags: 0, body: w.finish(), operation: 'addr list', object: '' })
    .flatMap((m) => (m.type === RTM_NEWADDR ? (readAddr(m.body) ?? []) : []));
  return found.filter((addr) => (dev === 0 || addr.dev === dev) && (filter.family === undefined || addr.family === filter.family));
}

/** Removes every address that matches; gives how many. One that went away meanwhile is no failure. */
export function addrFlush(channel: Channel, resolver: Resolver, filter: AddrFilter): number {
  const found = addrList(channel, resolver, filter);
  const errors = channel.batch(found.map((addr) => addrDel(resolver, addr)));
  for (const error of errors) if (error !== undefined && codeOf(error) !== 'EADDRNOTAVAIL') throw error;
  return found.length;
}
