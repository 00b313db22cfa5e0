import { NLM_F_CREATE, NLM_F_EXCL } from '../abi/netlink.ts';
import {
  IFF_UP, IFLA_ADDRESS, IFLA_GROUP, IFLA_IFNAME, IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_LINK, IFLA_LINKINFO, IFLA_MASTER, IFLA_MTU, IFLA_NET_NS_FD,
  IFLA_NUM_RX_QUEUES, IFLA_NUM_TX_QUEUES, IFLA_TXQLEN, VETH_INFO_PEER,
} from '../abi/link.ts';
import { RTM_NEWLINK } from '../abi/rtnetlink.ts';
import { parseMac } from '../address.ts';
import { invalid } from '../error.ts';
import { checkName } from '../names.ts';
import type { Request } from '../request.ts';
import type { Resolver } from '../resolve.ts';
import { writeIfinfo } from '../resolve.ts';
import { Writer } from '../wire/writer.ts';
import { writeBridge, writeMacvlan, writeVlan, writeVxlan } from './data.ts';
import { linkDel, linkSet } from './set.ts';
import type { LinkChange, LinkSpec, VethPeer } from './spec.ts';

/**
 * The requests that make an interface. `EEXIST` if the name is taken, `EOPNOTSUPP` if the kernel lacks the kind. A veth peer
 * that is to be up needs two, and then a name for the end in the socket's namespace: the kernel opens the first of a pair
 * only once it has its peer.
 */
export function linkAdd(resolver: Resolver, spec: LinkSpec): Request[] {
  if (spec.kind !== 'veth' || spec.peer?.up !== true) return [create(resolver, spec)];
  const { kind, peer, ...near } = spec;
  if (peer.netns === undefined) {
    return [create(resolver, { ...spec, peer: { ...peer, up: false } }), finish(resolver, spec, peer, { up: true })];
  }
  const { up, master, ...rest } = near;
  const change: LinkChange = { ...(up !== undefined && { up }), ...(master !== undefined && { master }) };
  const made = { ...create(resolver, { kind, ...peer, peer: rest }), object: spec.name ?? kind };
  return Object.keys(change).length === 0 ? [made] : [made, finish(resolver, spec, near, change)];
}

/** The second request, on the end that stands in the socket's namespace. */
function finish(resolver: Resolver, spec: LinkSpec, end: VethPeer, change: LinkChange): Request {
  const { name, netns } = end;
  if (name === undefined || netns !== undefined) throw invalid('link add', 'to have both ends of a veth up, one must be in the socket\'s namespace and have a name');
  const request = linkSet(resolver, name, change)[0] ?? linkDel(name);
  return { ...request, operation: 'link add', object: spec.name ?? spec.kind, undo: linkDel(name) };
}

function create(resolver: Resolver, spec: LinkSpec): Request {
  const w = new Writer();
  writeEnd(w, spec);
  if (spec.master !== undefined) w.attrU32(IFLA_MASTER, resolver.index(spec.master));
  const link = 'link' in spec && spec.link !== undefined ? resolver.index(spec.link) : undefined;
  if (link !== undefined && spec.kind !== 'vxlan') w.attrU32(IFLA_LINK, link);
  w.nest(IFLA_LINKINFO, (info) => {
    info.attrString(IFLA_INFO_KIND, spec.kind);
    info.nest(IFLA_INFO_DATA, (data) => {
      writeKind(data, spec, link);
    });
  });
  return { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, body: w.finish(), operation: 'link add', object: spec.name ?? spec.kind };
}

function writeEnd(w: Writer, end: VethPeer): void {
  const flags = end.up === undefined ? 0 : IFF_UP;
  writeIfinfo(w, end.index, end.up === true ? IFF_UP : 0, flags);
  if (end.name !== undefined) w.attrString(IFLA_IFNAME, checkName(end.name));
  if (end.mtu !== undefined) w.attrU32(IFLA_MTU, end.mtu);
  if (end.address !== undefined) w.attrBytes(IFLA_ADDRESS, parseMac(end.address, 6));
  if (end.txqlen !== undefined) w.attrU32(IFLA_TXQLEN, end.txqlen);
  if (end.group !== undefined) w.attrU32(IFLA_GROUP, end.group);
  if (end.numTxQueues !== undefined) w.attrU32(IFLA_NUM_TX_QUEUES, end.numTxQueues);
  if (end.numRxQueues !== undefined) w.attrU32(IFLA_NUM_RX_QUEUES, end.numRxQueues);
  if (end.netns !== undefined) w.attrU32(IFLA_NET_NS_FD, end.netns);
}

function writeKind(w: Writer, spec: LinkSpec, link: number | undefined): void {
  switch (spec.kind) {
    case 'veth': {
      const { peer } = spec;
      if (peer !== undefined) w.attr(VETH_INFO_PEER, (inner) => { writeEnd(inner, peer); });
      return;
    }
    case 'bridge':
      writeBridge(w, spec);
      return;
    case 'macvlan':
      writeMacvlan(w, spec);
      return;
    case 'vlan':
      writeVlan(w, spec);
      return;
    case 'vxlan':
      writeVxlan(w, spec, link);
      return;
    case 'ifb':
    case 'dummy':
      return;
  }
}
