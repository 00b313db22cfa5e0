import type { ParamValues } from '@vimage/core';
import type { BridgeSpec } from '../params/bridge.ts';
import type { MacvlanSpec } from '../params/macvlan.ts';
import { insideName, type Move } from '../params/move.ts';
import type { RouteVia } from '../params/route.ts';
import type { VnetParams } from '../params/table.ts';
import type { Cidr, PortMap } from '../params/value.ts';
import { PARENT, type VethEnd } from '../params/veth.ts';
import { contains } from './address.ts';

export type VnetValues = ParamValues<VnetParams>;

/** An interface that the image makes or takes, by the name it has there. */
export type WantedLink =
  | { readonly kind: 'move'; readonly name: string; readonly move: Move }
  | { readonly kind: 'veth'; readonly name: string; readonly end: VethEnd }
  | { readonly kind: 'macvlan'; readonly name: string; readonly macvlan: MacvlanSpec }
  | { readonly kind: 'bridge'; readonly name: string; readonly bridge: BridgeSpec };

export interface WantedAddr {
  readonly dev: string;
  readonly cidr: Cidr;
}

export interface WantedRoute {
  readonly to: Cidr | 'default';
  readonly via: RouteVia;
  /** The interface it goes out of, where that can be told. */
  readonly dev: string | undefined;
}

/**
 * What parameter values ask of a stack: lists in the order in which they are made. What the kernel drops while a link is down (its
 * routes, its IPv6 addresses) is not wanted then, so that taking a link down and up again is a difference like any other.
 */
export interface Wanted {
  readonly links: readonly WantedLink[];
  readonly down: ReadonlySet<string>;
  readonly up: ReadonlySet<string>;
  readonly mac: ReadonlyMap<string, string>;
  readonly mtu: ReadonlyMap<string, number>;
  readonly addrs: readonly WantedAddr[];
  readonly peers: readonly WantedAddr[];
  readonly dad: boolean;
  readonly routes: readonly WantedRoute[];
  readonly rates: ReadonlyMap<string, number>;
  readonly sysctls: ReadonlyMap<string, string>;
}

/** Reads parameter values as one wish; `undefined` values ask for nothing. */
export function wanted(values: VnetValues): Wanted {
  const down = new Set(values.down ?? []);
  const addrs = (values.addr ?? []).map(({ key, value }) => ({ dev: key, cidr: value }));
  return {
    links: linksOf(values),
    down,
    up: new Set(values.up ?? []),
    mac: mapOf(values.mac),
    mtu: mapOf(values.mtu),
    addrs: addrs.filter(({ dev, cidr }) => cidr.family === 4 || !down.has(dev)),
    peers: [...(values.peer ?? []).map(({ key, value }) => ({ dev: key, cidr: value })), ...gatewayPeers(values, addrs)],
    dad: values.dad ?? false,
    routes: routesOf(values, addrs).filter(({ dev }) => dev === undefined || !down.has(dev)),
    rates: mapOf(values.rate),
    sysctls: mapOf(values.sysctl),
  };
}

function mapOf<V>(items: readonly { readonly key: string; readonly value: V }[] | undefined): ReadonlyMap<string, V> {
  return new Map((items ?? []).map(({ key, value }) => [key, value]));
}

function linksOf(values: VnetValues): WantedLink[] {
  return [
    ...(values.if ?? []).map((move): WantedLink => ({ kind: 'move', name: insideName(move), move })),
    ...(values.veth ?? []).map(({ key, value }): WantedLink => ({ kind: 'veth', name: key, end: value })),
    ...(values.macvlan ?? []).map(({ key, value }): WantedLink => ({ kind: 'macvlan', name: key, macvlan: value })),
    ...(values.bridge ?? []).map((bridge): WantedLink => ({ kind: 'bridge', name: bridge.name, bridge })),
  ];
}

function routesOf(values: VnetValues, addrs: readonly WantedAddr[]): WantedRoute[] {
  const devOf = (via: RouteVia): string | undefined => {
    if ('kind' in via) return undefined;
    if (via.dev !== undefined || !('via' in via)) return via.dev;
    return addrs.find(({ cidr }) => contains(cidr, via.via))?.dev;
  };
  return (values.route ?? []).map(({ key, value }) => ({ to: key, via: value, dev: devOf(value) }));
}

/**
 * With `nat` or `publish` the gateway of a veth straight to the parent must be an address of the parent, so where `peer` names none
 * for it, the other end gets the gateway's.
 */
function gatewayPeers(values: VnetValues, addrs: readonly WantedAddr[]): WantedAddr[] {
  if (!wantsForwarding(values)) return [];
  const peers: WantedAddr[] = [];
  for (const { key: dev, value: end } of values.veth ?? []) {
    if (end.image !== 'parent' || end.bridge !== undefined) continue;
    for (const { key, value } of values.route ?? []) {
      if (key !== 'default' && key.prefix !== 0) continue;
      if (!('via' in value) || (values.peer ?? []).some((peer) => peer.key === dev && peer.value.address === value.via)) continue;
      const net = addrs.find((addr) => addr.dev === dev && contains(addr.cidr, value.via));
      if (net !== undefined) peers.push({ dev, cidr: { ...net.cidr, address: value.via } });
    }
  }
  return peers;
}

/** Whether the parent must forward for the image. */
export function wantsForwarding(values: VnetValues): boolean {
  return (values.nat ?? false) !== false || ((values.publish ?? []).length > 0 && publishedByUplink(values).length === 0);
}

/** The ports that the uplink leads in: all, where no cable to the parent does it. */
export function publishedByUplink(values: VnetValues): readonly PortMap[] {
  const cable = (values.veth ?? []).some(({ value }) => value.image === PARENT);
  return (values.uplink ?? 'none') === 'none' || cable ? [] : (values.publish ?? []);
}
