import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../abi/netlink.ts';
import {
  PROTOCOLS, ROUTE_METRICS, ROUTE_PREFS, ROUTE_TYPES, RT_TABLE_LOCAL, RT_TABLE_MAIN, RTA_DST, RTA_EXPIRES, RTA_FLOW, RTA_GATEWAY, RTA_METRICS, RTA_MULTIPATH,
  RTA_NH_ID, RTA_OIF, RTA_PREF, RTA_PREFSRC, RTA_PRIORITY, RTA_SRC, RTA_TABLE, RTA_VIA, RTAX_CC_ALGO, RTNH_F_ONLINK, SCOPES,
} from '../abi/route.ts';
import { RTM_DELROUTE, RTM_NEWROUTE } from '../abi/rtnetlink.ts';
import type { IpFamily, IpPrefix } from '../address.ts';
import { familyNumber, parseAddress, parseAddressOf, parsePrefix } from '../address.ts';
import { toNumber } from '../enum.ts';
import { invalid } from '../error.ts';
import type { Request } from '../request.ts';
import type { Resolver } from '../resolve.ts';
import { Writer } from '../wire/writer.ts';
import type { Nexthop, RouteSpec } from './spec.ts';

/** `EEXIST` if the same destination, metric and tos has a route, `ENETUNREACH` if the gateway is on no network. */
export function routeAdd(resolver: Resolver, spec: RouteSpec): Request {
  return change(resolver, spec, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, 'route add');
}

/** Adds one more way to a destination that may have one. */
export function routeAppend(resolver: Resolver, spec: RouteSpec): Request {
  return change(resolver, spec, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, 'route append');
}

export function routeReplace(resolver: Resolver, spec: RouteSpec): Request {
  return change(resolver, spec, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, 'route replace');
}

/** `ESRCH` if no route matches what is given. */
export function routeDel(resolver: Resolver, spec: RouteSpec): Request {
  return change(resolver, spec, RTM_DELROUTE, 0, 'route del');
}

function change(resolver: Resolver, spec: RouteSpec, type: number, flags: number, operation: string): Request {
  const dst = destination(spec);
  const src = spec.src === undefined ? undefined : parsePrefix(spec.src, 'route src');
  if (src !== undefined && src.family !== dst.family) throw invalid('route src', `${spec.src} is not of family ${dst.family}`);
  const add = type === RTM_NEWROUTE;
  const kind = spec.type === undefined && !add ? ROUTE_TYPES.unspec : toNumber(ROUTE_TYPES, spec.type ?? 'unicast', 'route type');
  const table = spec.table ?? (isLocal(kind) ? RT_TABLE_LOCAL : RT_TABLE_MAIN);
  const protocol = toNumber(PROTOCOLS, spec.protocol ?? (add ? 'boot' : 'unspec'), 'route protocol');
  const w = new Writer();
  w.u8(familyNumber(dst.family)).u8(dst.length).u8(src?.length ?? 0).u8(spec.tos ?? 0);
  w.u8(table < 256 ? table : 0).u8(protocol).u8(scopeOf(spec, kind, add)).u8(kind).u32(spec.onlink === true ? RTNH_F_ONLINK : 0);
  if (dst.length > 0) w.attrBytes(RTA_DST, dst.bytes);
  if (src !== undefined) w.attrBytes(RTA_SRC, src.bytes);
  w.attrU32(RTA_TABLE, table);
  writeWay(w, resolver, spec, dst.family);
  writeDetails(w, spec, dst.family, add);
  return { type, flags, body: w.finish(), operation, object: spec.dst };
}

function writeWay(w: Writer, resolver: Resolver, spec: RouteSpec, family: IpFamily): void {
  if (spec.nhid !== undefined) {
    w.attrU32(RTA_NH_ID, spec.nhid);
    return;
  }
  if (spec.dev !== undefined) w.attrU32(RTA_OIF, resolver.index(spec.dev));
  if (spec.gateway !== undefined) writeGateway(w, spec.gateway, family);
  const { multipath } = spec;
  if (multipath === undefined) return;
  w.attr(RTA_MULTIPATH, (list) => {
    for (const hop of multipath) writeNexthop(list, resolver, hop, family);
  });
}

/** struct rtnexthop and its attributes: as an attribute, but with its own header. */
function writeNexthop(w: Writer, resolver: Resolver, hop: Nexthop, family: IpFamily): void {
  const inner = new Writer(64);
  if (hop.gateway !== undefined) writeGateway(inner, hop.gateway, family);
  const weight = hop.weight ?? 1;
  if (!Number.isInteger(weight) || weight < 1 || weight > 256) throw invalid('nexthop weight', `${weight} is not 1 to 256`);
  w.u16(8 + inner.length).u8(hop.onlink === true ? RTNH_F_ONLINK : 0).u8(weight - 1);
  w.i32(hop.dev === undefined ? 0 : resolver.index(hop.dev)).bytes(inner.finish());
}

function writeGateway(w: Writer, text: string, family: IpFamily): void {
  const gateway = parseAddress(text, 'gateway');
  if (gateway.family === family) w.attrBytes(RTA_GATEWAY, gateway.bytes);
  else w.attr(RTA_VIA, (via) => via.u16(familyNumber(gateway.family)).bytes(gateway.bytes));
}

function writeDetails(w: Writer, spec: RouteSpec, family: IpFamily, add: boolean): void {
  if (spec.prefsrc !== undefined) w.attrBytes(RTA_PREFSRC, parseAddressOf(family, spec.prefsrc, 'prefsrc'));
  if (spec.metric !== undefined) w.attrU32(RTA_PRIORITY, spec.metric);
  if (spec.realms !== undefined) w.attrU32(RTA_FLOW, spec.realms);
  if (!add) return;
  const metrics = Object.entries({ ...spec.metrics, mtu: spec.mtu });
  const { congctl } = spec;
  if (congctl !== undefined || metrics.some(([, value]) => value !== undefined)) {
    w.nest(RTA_METRICS, (list) => {
      for (const [name, value] of metrics) if (value !== undefined) list.attrU32(toNumber(ROUTE_METRICS, name, 'route metric'), value);
      if (congctl !== undefined) list.attrString(RTAX_CC_ALGO, congctl);
    });
  }
  if (spec.pref !== undefined && family === 'inet6') w.attrU8(RTA_PREF, toNumber(ROUTE_PREFS, spec.pref, 'route preference'));
  if (spec.expires !== undefined) w.attrU32(RTA_EXPIRES, spec.expires);
  for (const { type, bytes } of spec.other ?? []) w.attrBytes(type, bytes);
}

function destination(spec: RouteSpec): IpPrefix {
  if (spec.dst !== 'default') {
    const prefix = parsePrefix(spec.dst, 'route');
    if (spec.family !== undefined && spec.family !== prefix.family) throw invalid('route', `${spec.dst} is not of family ${spec.family}`);
    return prefix;
  }
  const family = spec.family ?? (spec.gateway === undefined ? 'inet' : parseAddress(spec.gateway, 'gateway').family);
  return { family, bytes: new Uint8Array(family === 'inet' ? 4 : 16), length: 0 };
}

function isLocal(kind: number): boolean {
  return kind === ROUTE_TYPES.local || kind === ROUTE_TYPES.broadcast || kind === ROUTE_TYPES.anycast || kind === ROUTE_TYPES.nat;
}

/** What ip-route(8) takes where no scope is given; in a removal `nowhere` matches every scope. */
function scopeOf(spec: RouteSpec, kind: number, add: boolean): number {
  if (spec.scope !== undefined) return toNumber(SCOPES, spec.scope, 'scope');
  if (kind === ROUTE_TYPES.local || kind === ROUTE_TYPES.nat) return SCOPES.host;
  if (kind === ROUTE_TYPES.broadcast || kind === ROUTE_TYPES.multicast || kind === ROUTE_TYPES.anycast) return SCOPES.link;
  if (!add) return SCOPES.nowhere;
  const hasWay = spec.gateway !== undefined || spec.multipath !== undefined || spec.nhid !== undefined;
  return kind === ROUTE_TYPES.unicast && !hasWay ? SCOPES.link : SCOPES.global;
}
