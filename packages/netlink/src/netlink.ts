import { NETLINK_GENERIC, NETLINK_ROUTE, NETLINK_SOCK_DIAG } from './abi/netlink.ts';
import type { Addr, AddrFilter } from './addr.ts';
import { addrFlush, addrList } from './addr.ts';
import type { IpFamily } from './address.ts';
import type { BatchResult } from './batch.ts';
import { runBatch } from './batch.ts';
import type { Changes } from './changes.ts';
import { changes } from './changes.ts';
import { Channel } from './channel.ts';
import type { InetFilter, InetSocket } from './diag/inet.ts';
import { inetSockets, socketDestroy } from './diag/inet.ts';
import type { NetlinkSocket, PacketSocket, UnixSocket } from './diag/local.ts';
import { netlinkSockets, packetSockets, unixSockets } from './diag/local.ts';
import { invalid } from './error.ts';
import type { EventGroup, NetlinkEvent } from './events.ts';
import { EventStream } from './events.ts';
import type { Link } from './link/link.ts';
import type { LinkFilter } from './link/list.ts';
import { linkFind, linkGet, linkIndex, linkList } from './link/list.ts';
import type { LinkRef } from './names.ts';
import { checkIndex } from './names.ts';
import type { Neigh, NeighFilter } from './neigh.ts';
import { neighList } from './neigh.ts';
import { nsidOf } from './nsid.ts';
import type { Qdisc } from './qdisc.ts';
import { classList, qdiscList } from './qdisc.ts';
import type { Resolver } from './resolve.ts';
import { routeList } from './route/read.ts';
import type { Route, RouteFilter } from './route/spec.ts';
import type { Rule } from './rule.ts';
import { ruleList } from './rule.ts';
import type { OpenTransport } from './transport.ts';
import type { Wireless } from './wireless/wireless.ts';
import { wireless } from './wireless/wireless.ts';

/** What looks at a namespace. Every call is synchronous and one or few round trips to the kernel. */
export interface Queries {
  linkList(filter?: LinkFilter): Link[];
  /** `ENODEV` if there is none. */
  linkGet(link: LinkRef, nsid?: number): Link;
  /** Undefined if there is none. */
  linkFind(link: LinkRef): Link | undefined;
  addrList(filter?: AddrFilter): Addr[];
  routeList(filter?: RouteFilter): Route[];
  neighList(filter?: NeighFilter): Neigh[];
  ruleList(family?: IpFamily): Rule[];
  qdiscList(dev?: LinkRef): Qdisc[];
  classList(dev: LinkRef): Qdisc[];
  /** Undefined if the namespace behind the descriptor has no id here. */
  nsidOf(fd: number): number | undefined;
  inetSockets(filter?: InetFilter): InetSocket[];
  unixSockets(): UnixSocket[];
  packetSockets(): PacketSocket[];
  netlinkSockets(): NetlinkSocket[];
}

/** One network namespace, through netlink. Failures are `NetlinkError`; arguments are checked before anything is sent. */
export interface Netlink extends Queries, Changes<void>, Disposable {
  /** Many changes in few datagrams; see `BatchResult`. Kernel failures are in the results, not thrown. */
  batch(fill: (ops: Changes<number>) => void): BatchResult[];
  /** Removes the addresses that match; gives how many. */
  addrFlush(filter: AddrFilter): number;
  /** Ends a TCP or UDP socket from outside. */
  socketDestroy(socket: InetSocket): void;
  /** Changes as they happen, on a socket of their own; close it. */
  events(groups?: readonly EventGroup[], callback?: (event: NetlinkEvent) => void): EventStream;
  /** The radios. `ENOENT` if the kernel has no nl80211. */
  wireless(): Wireless;
  /** Closes the sockets (not event streams). Later calls are `EINVAL`. */
  close(): void;
}

/** A handle on the namespace that `open` stands for. Sockets are opened when first needed. */
export function netlink(open: OpenTransport): Netlink {
  const channels = new Map<number, Channel>();
  let closed = false;
  const channel = (family: number): Channel => {
    if (closed) throw invalid('netlink', 'the handle is closed');
    const found = channels.get(family);
    if (found !== undefined) return found;
    const made = Channel.open(open, family);
    channels.set(family, made);
    return made;
  };
  const route = (): Channel => channel(NETLINK_ROUTE);
  const diag = (): Channel => channel(NETLINK_SOCK_DIAG);
  const resolver: Resolver = { index: (link) => (typeof link === 'number' ? checkIndex(link) : linkIndex(route(), link)) };
  const close = (): void => {
    closed = true;
    for (const made of channels.values()) made.close();
    channels.clear();
  };
  return {
    ...changes(resolver, (make): void => {
      route().run(make());
    }),
    linkList: (filter) => linkList(route(), filter),
    linkGet: (link, nsid) => linkGet(route(), link, nsid),
    linkFind: (link) => linkFind(route(), link),
    addrList: (filter) => addrList(route(), resolver, filter),
    addrFlush: (filter) => addrFlush(route(), resolver, filter),
    routeList: (filter) => routeList(route(), resolver, filter),
    neighList: (filter) => neighList(route(), resolver, filter),
    ruleList: (family) => ruleList(route(), family),
    qdiscList: (dev) => qdiscList(route(), resolver, dev),
    classList: (dev) => classList(route(), resolver, dev),
    nsidOf: (fd) => nsidOf(route(), fd),
    inetSockets: (filter) => inetSockets(diag(), filter),
    unixSockets: () => unixSockets(diag()),
    packetSockets: () => packetSockets(diag()),
    netlinkSockets: () => netlinkSockets(diag()),
    socketDestroy: (socket) => {
      diag().request(socketDestroy(socket));
    },
    batch: (fill) => runBatch(route(), fill),
    events: (groups = ['link', 'addr', 'route'], callback) => new EventStream(open, groups, callback),
    wireless: () => wireless(channel(NETLINK_GENERIC)),
    close,
    [Symbol.dispose]: close,
  };
}
