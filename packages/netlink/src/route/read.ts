import { AF_UNSPEC } from '../abi/netlink.ts';
import {
  PROTOCOLS, ROUTE_METRICS, ROUTE_PREFS, ROUTE_TYPES, RTA_CACHEINFO, RTA_DST, RTA_EXPIRES, RTA_FLOW, RTA_GATEWAY, RTA_IIF, RTA_METRICS, RTA_MULTIPATH,
  RTA_NH_ID, RTA_OIF, RTA_PAD, RTA_PREF, RTA_PREFSRC, RTA_PRIORITY, RTA_SRC, RTA_TABLE, RTA_VIA, RTM_F_CLONED, RTMSG_LEN, RTNEXTHOP_LEN, RTNH_F_DEAD,
  RTAX_CC_ALGO, RTNH_F_LINKDOWN, RTNH_F_ONLINK, SCOPES,
} from '../abi/route.ts';
import { NLA_TYPE_MASK } from '../abi/netlink.ts';
import { RTM_GETROUTE, RTM_NEWROUTE } from '../abi/rtnetlink.ts';
import { familyName, familyNumber, formatAddress } from '../address.ts';
import type { Channel } from '../channel.ts';
import { defined, toName, toNumber } from '../enum.ts';
import { malformed } from '../error.ts';
import type { Resolver } from '../resolve.ts';
import { Attrs } from '../wire/attr.ts';
import type { RawAttribute } from '../wire/attr.ts';
import { align4 } from '../wire/endian.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';
import type { Nexthop, Route, RouteFilter, RouteMetrics } from './spec.ts';

/** Ticks per second of times in struct rta_cacheinfo (USER_HZ). */
const USER_HZ = 100;
const KNOWN = new Set([
  RTA_DST, RTA_SRC, RTA_IIF, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_METRICS, RTA_MULTIPATH, RTA_FLOW, RTA_CACHEINFO, RTA_TABLE, RTA_VIA, RTA_PREF,
  RTA_EXPIRES, RTA_PAD, RTA_NH_ID,
]);

/** Reads the body of RTM_NEWROUTE or RTM_DELROUTE; undefined for other families and for cached routes. */
export function readRoute(body: Uint8Array): Route | undefined {
  const header = new Reader(body);
  header.need(0, RTMSG_LEN);
  const family = familyName(header.u8(0));
  const flags = header.u32(8);
  if (family === undefined || (flags & RTM_F_CLONED) !== 0) return undefined;
  const a = Attrs.read(body, RTMSG_LEN);
  const bits = header.u8(1);
  const dst = a.bytes(RTA_DST) ?? new Uint8Array(family === 'inet' ? 4 : 16);
  const src = a.bytes(RTA_SRC);
  const prefsrc = a.bytes(RTA_PREFSRC);
  const nest = a.nested(RTA_METRICS);
  const { mtu, ...metrics } = readMetrics(nest);
  const multipath = a.reader(RTA_MULTIPATH);
  const expires = a.reader(RTA_CACHEINFO)?.i32(8) ?? 0;
  const pref = a.u8(RTA_PREF);
  const other = a.list.filter((raw) => !KNOWN.has(raw.type & NLA_TYPE_MASK)).map((raw): RawAttribute => ({ type: raw.type, bytes: raw.bytes.slice() }));
  return {
    dst: bits === 0 && dst.every((byte) => byte === 0) ? 'default' : `${formatAddress(dst)}/${bits}`,
    family,
    table: a.u32(RTA_TABLE) ?? header.u8(4),
    scope: toName(SCOPES, header.u8(6)),
    type: toName(ROUTE_TYPES, header.u8(7)),
    protocol: toName(PROTOCOLS, header.u8(5)),
    ...defined({
      dev: a.u32(RTA_OIF), gateway: readGateway(a), multipath: multipath && readMultipath(multipath), nhid: a.u32(RTA_NH_ID),
      prefsrc: prefsrc && formatAddress(prefsrc), src: src && `${formatAddress(src)}/${header.u8(2)}`, metric: a.u32(RTA_PRIORITY),
      tos: header.u8(3) || undefined, onlink: on(flags, RTNH_F_ONLINK), dead: on(flags, RTNH_F_DEAD), linkdown: on(flags, RTNH_F_LINKDOWN), mtu,
      metrics: Object.keys(metrics).length > 0 ? metrics : undefined, congctl: nest.string(RTAX_CC_ALGO), pref: pref === undefined ? undefined : toName(ROUTE_PREFS, pref),
      expires: expires > 0 ? Math.ceil(expires / USER_HZ) : undefined, realms: a.u32(RTA_FLOW), other: other.length > 0 ? other : undefined,
    }),
  };
}

function on(flags: number, bit: number): boolean | undefined {
  return (flags & bit) !== 0 || undefined;
}

function readGateway(a: Attrs): string | undefined {
  const gateway = a.bytes(RTA_GATEWAY);
  if (gateway !== undefined) return formatAddress(gateway);
  const via = a.bytes(RTA_VIA);
  return via === undefined ? undefined : formatAddress(via.subarray(2));
}

function readMetrics(a: Attrs): RouteMetrics {
  const metrics: Record<string, number> = {};
  for (const [name, type] of Object.entries(ROUTE_METRICS)) {
    const value = a.reader(type);
    if (value !== undefined && value.length >= 4) metrics[name] = value.u32(0);
  }
  return metrics;
}

function readMultipath(r: Reader): Nexthop[] {
  const hops: Nexthop[] = [];
  for (let at = 0; r.length - at >= RTNEXTHOP_LEN; ) {
    const length = r.u16(at);
    if (length < RTNEXTHOP_LEN || at + length > r.length) throw malformed(`nexthop of ${length} bytes in ${r.length - at}`);
    const dev = r.i32(at + 4);
    const gateway = readGateway(Attrs.read(r.slice(at + RTNEXTHOP_LEN, length - RTNEXTHOP_LEN)));
    hops.push({ weight: r.u8(at + 3) + 1, ...defined({ dev: dev || undefined, gateway, onlink: on(r.u8(at + 2), RTNH_F_ONLINK) }) });
    at += align4(length);
  }
  return hops;
}

/** The routes of the namespace, all tables unless the filter names one. */
export function routeList(channel: Channel, resolver: Resolver, filter: RouteFilter = {}): Route[] {
  const dev = filter.dev === undefined ? undefined : resolver.index(filter.dev);
  const w = new Writer(64);
  w.u8(filter.family === undefined ? AF_UNSPEC : familyNumber(filter.family)).u8(0).u8(0).u8(0).u8(0);
  w.u8(filter.protocol === undefined ? 0 : toNumber(PROTOCOLS, filter.protocol, 'route protocol')).u8(0);
  w.u8(filter.type === undefined ? 0 : toNumber(ROUTE_TYPES, filter.type, 'route type')).u32(0);
  if (dev !== undefined) w.attrU32(RTA_OIF, dev);
  const found = dumpRoutes(channel, w.finish());
  return found.filter(
    (route) =>
      (filter.family === undefined || route.family === filter.family) &&
      (filter.table === undefined || route.table === filter.table) &&
      (dev === undefined || route.dev === dev || route.multipath?.some((hop) => hop.dev === dev) === true) &&
      (filter.protocol === undefined || route.protocol === filter.protocol) &&
      (filter.type === undefined || route.type === filter.type),
  );
}

function dumpRoutes(channel: Channel, body: Uint8Array): Route[] {
  return channel
    .dump({ type: RTM_GETROUTE, flags: 0, body, operation: 'route list', object: '' })
    .flatMap((m) => (m.type === RTM_NEWROUTE ? (readRoute(m.body) ?? []) : []));
}
