import type { IpFamily } from '../address.ts';
import type { LinkRef } from '../names.ts';
import type { RawAttribute } from '../wire/attr.ts';
import type { ROUTE_METRICS } from '../abi/route.ts';

/** One way of a multipath route. */
export interface Nexthop {
  dev?: LinkRef;
  /** Its family may differ from the route's (`via`). */
  gateway?: string;
  /** 1 to 256; 1 unless given. */
  weight?: number;
  onlink?: boolean;
}

/** RTAX_* metrics by ip-route(8) name, in the kernel's units. */
export type RouteMetrics = { [K in keyof typeof ROUTE_METRICS]?: number };

/** A route to set (ip-route(8)). What `routeList` gives can be given back as it is. */
export interface RouteSpec {
  /** `10.0.0.0/8`, an address, or `default` (then `family`, or that of the gateway, decides; else IPv4). */
  dst: string;
  family?: IpFamily;
  dev?: LinkRef;
  gateway?: string;
  multipath?: readonly Nexthop[];
  /** A nexthop object by id, instead of dev, gateway and multipath. */
  nhid?: number;
  prefsrc?: string;
  /** Source-specific routes (IPv6). */
  src?: string;
  /** Priority; the kernel has 0 for IPv4 and 1024 for IPv6 unless given. */
  metric?: number;
  /** Main (254) unless given; local (255) for types local, broadcast, anycast and nat. */
  table?: number;
  /** `global`, `link`, `host`, ...; found as ip-route(8) does unless given. */
  scope?: string;
  /** `unicast` unless given; `blackhole`, `unreachable`, `prohibit`, `throw`, `local`, ... */
  type?: string;
  /** `boot` unless given; `static`, `kernel`, `dhcp`, `ra`, ... or a number. */
  protocol?: string;
  tos?: number;
  onlink?: boolean;
  mtu?: number;
  /** Other metrics; `mtu` is its own key. */
  metrics?: Omit<RouteMetrics, 'mtu'>;
  /** Congestion control by name. */
  congctl?: string;
  /** Router preference of IPv6: `low`, `medium`, `high`. */
  pref?: string;
  /** IPv6: seconds until it goes. */
  expires?: number;
  /** RTA_FLOW, the realms. */
  realms?: number;
  /** Attributes this package has no name for (encapsulation, ...), kept to be written back. */
  other?: readonly RawAttribute[];
}

/** A route that is set; `dev` is the interface's index. */
export interface Route extends RouteSpec {
  readonly family: IpFamily;
  readonly dev?: number;
  readonly table: number;
  readonly scope: string;
  readonly type: string;
  readonly protocol: string;
  /** The interface is down or has no carrier. */
  readonly dead?: boolean;
  readonly linkdown?: boolean;
}

/** Which routes to list. Without `table`: those of every table. */
export interface RouteFilter {
  family?: IpFamily;
  table?: number;
  dev?: LinkRef;
  protocol?: string;
  type?: string;
}
