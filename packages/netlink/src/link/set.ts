import { AF_INET6, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL } from '../abi/netlink.ts';
import {
  ADDR_GEN_MODES, IFALIAS_MAX, IFF_ALLMULTI, IFF_MULTICAST, IFF_NOARP, IFF_PROMISC, IFF_UP, IFLA_ADDRESS, IFLA_AF_SPEC, IFLA_ALT_IFNAME, IFLA_CARRIER,
  IFLA_GROUP, IFLA_IFALIAS, IFLA_IFNAME, IFLA_INET6_ADDR_GEN_MODE, IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_INFO_SLAVE_DATA, IFLA_INFO_SLAVE_KIND, IFLA_LINKINFO,
  IFLA_MASTER, IFLA_MTU, IFLA_NET_NS_FD, IFLA_PROP_LIST, IFLA_TXQLEN,
} from '../abi/link.ts';
import { RTM_DELLINK, RTM_DELLINKPROP, RTM_NEWLINK, RTM_NEWLINKPROP } from '../abi/rtnetlink.ts';
import { parseMac } from '../address.ts';
import { invalid } from '../error.ts';
import type { LinkRef } from '../names.ts';
import { checkAltname, checkName } from '../names.ts';
import type { Request } from '../request.ts';
import type { Resolver } from '../resolve.ts';
import { refText, writeIfinfo, writeRef } from '../resolve.ts';
import { Writer } from '../wire/writer.ts';
import { writeBridge, writeBridgePort, writeMacvlan } from './data.ts';
import type { LinkChange } from './spec.ts';

/** The request that removes an interface. `ENODEV` if there is none, `EOPNOTSUPP` if it is not a virtual one. */
export function linkDel(link: LinkRef): Request {
  const w = new Writer(64);
  writeIfinfo(w, link);
  writeRef(w, link);
  return { type: RTM_DELLINK, flags: 0, body: w.finish(), operation: 'link del', object: refText(link) };
}

/** The requests of one `linkSet`, in order: alternative names first, because a move takes the interface away. */
export function linkSet(resolver: Resolver, link: LinkRef, change: LinkChange): Request[] {
  const { altnames, ...rest } = change;
  const requests: Request[] = [];
  if (altnames?.del?.length) requests.push(linkProp(RTM_DELLINKPROP, 0, link, altnames.del));
  if (altnames?.add?.length) requests.push(linkProp(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, link, altnames.add));
  const { bridgePort, ...plain } = rest;
  if (bridgePort !== undefined && plain.netns !== undefined) throw invalid('link set', 'a bridge port cannot be set up and moved away at once');
  // The kernel takes port settings only from an interface that has its master already.
  const target = bridgePort === undefined ? link : resolver.index(link);
  if (Object.values(plain).some((value) => value !== undefined)) requests.push({ ...setRequest(resolver, target, plain), object: refText(link) });
  if (bridgePort !== undefined) requests.push({ ...setRequest(resolver, target, { bridgePort }), object: refText(link) });
  return requests;
}

function setRequest(resolver: Resolver, link: LinkRef, change: Omit<LinkChange, 'altnames'>): Request {
  const w = new Writer();
  // A rename needs IFLA_IFNAME for the new name, so the interface itself must be found by index.
  const target = change.name === undefined ? link : resolver.index(link);
  const [flags, mask] = flagBits(change);
  writeIfinfo(w, target, flags, mask);
  writeRef(w, target);
  if (change.name !== undefined) w.attrString(IFLA_IFNAME, checkName(change.name));
  if (change.mtu !== undefined) w.attrU32(IFLA_MTU, change.mtu);
  if (change.address !== undefined) w.attrBytes(IFLA_ADDRESS, parseMac(change.address));
  if (change.master !== undefined) w.attrU32(IFLA_MASTER, change.master === null ? 0 : resolver.index(change.master));
  if (change.netns !== undefined) w.attrU32(IFLA_NET_NS_FD, change.netns);
  if (change.txqlen !== undefined) w.attrU32(IFLA_TXQLEN, change.txqlen);
  if (change.alias !== undefined) w.attrString(IFLA_IFALIAS, checkAlias(change.alias));
  if (change.group !== undefined) w.attrU32(IFLA_GROUP, change.group);
  if (change.carrier !== undefined) w.attrU8(IFLA_CARRIER, change.carrier ? 1 : 0);
  writeAddrGenMode(w, change.addrGenMode);
  writeLinkinfo(w, change);
  return { type: RTM_NEWLINK, flags: 0, body: w.finish(), operation: 'link set', object: refText(link) };
}

function flagBits(change: LinkChange): [flags: number, mask: number] {
  const asked: [boolean | undefined, number][] = [
    [change.up, IFF_UP], [change.promisc, IFF_PROMISC], [change.allmulti, IFF_ALLMULTI], [change.multicast, IFF_MULTICAST],
    [change.arp === undefined ? undefined : !change.arp, IFF_NOARP],
  ];
  let flags = 0;
  let mask = 0;
  for (const [on, bit] of asked) {
    if (on === undefined) continue;
    mask |= bit;
    if (on) flags |= bit;
  }
  return [flags, mask];
}

function writeAddrGenMode(w: Writer, mode: LinkChange['addrGenMode']): void {
  if (mode === undefined) return;
  const number = ADDR_GEN_MODES.indexOf(mode);
  if (number < 0) throw invalid('addrGenMode', `${mode} is not one of ${ADDR_GEN_MODES.join(', ')}`);
  w.nest(IFLA_AF_SPEC, (spec) => spec.nest(AF_INET6, (six) => six.attrU8(IFLA_INET6_ADDR_GEN_MODE, number)));
}

function writeLinkinfo(w: Writer, { bridge, macvlan, bridgePort }: LinkChange): void {
  if (bridge === undefined && macvlan === undefined && bridgePort === undefined) return;
  if (bridge !== undefined && macvlan !== undefined) throw invalid('link set', 'an interface is a bridge or a macvlan, not both');
  w.nest(IFLA_LINKINFO, (info) => {
    if (bridge !== undefined) info.attrString(IFLA_INFO_KIND, 'bridge').nest(IFLA_INFO_DATA, (data) => { writeBridge(data, bridge); });
    if (macvlan !== undefined) info.attrString(IFLA_INFO_KIND, 'macvlan').nest(IFLA_INFO_DATA, (data) => { writeMacvlan(data, macvlan); });
    if (bridgePort !== undefined) {
      info.attrString(IFLA_INFO_SLAVE_KIND, 'bridge').nest(IFLA_INFO_SLAVE_DATA, (data) => { writeBridgePort(data, bridgePort); });
    }
  });
}

function linkProp(type: number, flags: number, link: LinkRef, names: readonly string[]): Request {
  const w = new Writer();
  writeIfinfo(w, link);
  writeRef(w, link);
  w.nest(IFLA_PROP_LIST, (list) => {
    for (const name of names) list.attrString(IFLA_ALT_IFNAME, checkAltname(name));
  });
  return { type, flags, body: w.finish(), operation: type === RTM_NEWLINKPROP ? 'link altname add' : 'link altname del', object: refText(link) };
}

function checkAlias(alias: string): string {
  if (new TextEncoder().encode(alias).length > IFALIAS_MAX) throw invalid('alias', `has more than ${IFALIAS_MAX} bytes`);
  return alias;
}
