import {
  IFLA_BR_AGEING_TIME, IFLA_BR_FORWARD_DELAY, IFLA_BR_HELLO_TIME, IFLA_BR_MAX_AGE, IFLA_BR_MCAST_SNOOPING, IFLA_BR_PRIORITY, IFLA_BR_STP_STATE,
  IFLA_BR_VLAN_DEFAULT_PVID, IFLA_BR_VLAN_FILTERING, IFLA_BRPORT_COST, IFLA_BRPORT_GUARD, IFLA_BRPORT_ISOLATED, IFLA_BRPORT_LEARNING,
  IFLA_BRPORT_MODE, IFLA_BRPORT_PRIORITY, IFLA_BRPORT_STATE, IFLA_BRPORT_UNICAST_FLOOD, IFLA_MACVLAN_MODE, IFLA_TUN_GROUP, IFLA_TUN_MULTI_QUEUE,
  IFLA_TUN_OWNER, IFLA_TUN_PERSIST, IFLA_TUN_PI, IFLA_TUN_TYPE, IFLA_TUN_VNET_HDR, IFLA_VLAN_ID, IFLA_VLAN_PROTOCOL, IFLA_VXLAN_AGEING,
  IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6, IFLA_VXLAN_ID, IFLA_VXLAN_LEARNING, IFLA_VXLAN_LINK, IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6,
  IFLA_VXLAN_PORT, IFLA_VXLAN_TTL, MACVLAN_MODES, VLAN_PROTOCOLS,
} from '../abi/link.ts';
import { formatAddress, parseAddress } from '../address.ts';
import { defined, toName, toNumber } from '../enum.ts';
import { invalid } from '../error.ts';
import type { Attrs } from '../wire/attr.ts';
import type { Writer } from '../wire/writer.ts';

/** Bridge settings; times in hundredths of a second (bridge(8), ip-link(8)). */
export interface BridgeData {
  stp?: boolean;
  forwardDelay?: number;
  helloTime?: number;
  maxAge?: number;
  ageingTime?: number;
  priority?: number;
  vlanFiltering?: boolean;
  vlanDefaultPvid?: number;
  mcastSnooping?: boolean;
}

export interface MacvlanData {
  /** Default of the kernel: `vepa`. */
  mode?: keyof typeof MACVLAN_MODES;
}

export interface VlanData {
  /** 1 to 4094. */
  id: number;
  protocol?: keyof typeof VLAN_PROTOCOLS;
}

export interface VxlanData {
  /** Network identifier, 0 to 16777215. */
  id: number;
  local?: string;
  /** The one other end, or a multicast group: the kernel knows one field for both. */
  remote?: string;
  /** UDP port; 4789 unless given (the kernel's own default is the older 8472). */
  dstport?: number;
  learning?: boolean;
  ttl?: number;
  /** Seconds until a learnt address is forgotten. */
  ageing?: number;
}

/** A tap or tun interface; made through /dev/net/tun, so only read here. */
export interface TunData {
  mode?: 'tun' | 'tap';
  owner?: number;
  group?: number;
  pi?: boolean;
  vnetHdr?: boolean;
  persist?: boolean;
  multiQueue?: boolean;
}

/** What IFLA_INFO_DATA says, for the kinds known here. */
export type LinkData =
  | ({ kind: 'bridge' } & BridgeData)
  | ({ kind: 'macvlan' } & MacvlanData)
  | ({ kind: 'vlan' } & VlanData)
  | ({ kind: 'vxlan' } & VxlanData & { link?: number })
  | ({ kind: 'tun' } & TunData);

/** Settings of an interface as the port of a bridge (bridge(8)). */
export interface BridgePort {
  state?: number;
  priority?: number;
  cost?: number;
  hairpin?: boolean;
  guard?: boolean;
  learning?: boolean;
  flood?: boolean;
  isolated?: boolean;
}

const flag = (value: boolean): number => (value ? 1 : 0);
const bool = (value: number | undefined): boolean | undefined => (value === undefined ? undefined : value !== 0);

/** Writes the attributes of IFLA_INFO_DATA. */
export function writeBridge(w: Writer, b: BridgeData): void {
  if (b.stp !== undefined) w.attrU32(IFLA_BR_STP_STATE, flag(b.stp));
  if (b.forwardDelay !== undefined) w.attrU32(IFLA_BR_FORWARD_DELAY, b.forwardDelay);
  if (b.helloTime !== undefined) w.attrU32(IFLA_BR_HELLO_TIME, b.helloTime);
  if (b.maxAge !== undefined) w.attrU32(IFLA_BR_MAX_AGE, b.maxAge);
  if (b.ageingTime !== undefined) w.attrU32(IFLA_BR_AGEING_TIME, b.ageingTime);
  if (b.priority !== undefined) w.attrU16(IFLA_BR_PRIORITY, b.priority);
  if (b.vlanFiltering !== undefined) w.attrU8(IFLA_BR_VLAN_FILTERING, flag(b.vlanFiltering));
  if (b.vlanDefaultPvid !== undefined) w.attrU16(IFLA_BR_VLAN_DEFAULT_PVID, b.vlanDefaultPvid);
  if (b.mcastSnooping !== undefined) w.attrU8(IFLA_BR_MCAST_SNOOPING, flag(b.mcastSnooping));
}

export function writeMacvlan(w: Writer, m: MacvlanData): void {
  if (m.mode !== undefined) w.attrU32(IFLA_MACVLAN_MODE, toNumber(MACVLAN_MODES, m.mode, 'macvlan mode'));
}

export function writeVlan(w: Writer, v: VlanData): void {
  if (!Number.isInteger(v.id) || v.id < 0 || v.id > 4094) throw invalid('vlan id', `${v.id} is not 0 to 4094`);
  w.attrU16(IFLA_VLAN_ID, v.id);
  if (v.protocol !== undefined) w.attr(IFLA_VLAN_PROTOCOL, (a) => a.be16(toNumber(VLAN_PROTOCOLS, v.protocol ?? '', 'vlan protocol', 0xffff)));
}

export function writeVxlan(w: Writer, v: VxlanData, link: number | undefined): void {
  if (!Number.isInteger(v.id) || v.id < 0 || v.id > 0xffffff) throw invalid('vxlan id', `${v.id} is not 0 to 16777215`);
  w.attrU32(IFLA_VXLAN_ID, v.id);
  if (v.remote !== undefined) writeEither(w, v.remote, IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6);
  if (v.local !== undefined) writeEither(w, v.local, IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6);
  if (link !== undefined) w.attrU32(IFLA_VXLAN_LINK, link);
  if (v.ttl !== undefined) w.attrU8(IFLA_VXLAN_TTL, v.ttl);
  if (v.learning !== undefined) w.attrU8(IFLA_VXLAN_LEARNING, flag(v.learning));
  if (v.ageing !== undefined) w.attrU32(IFLA_VXLAN_AGEING, v.ageing);
  w.attr(IFLA_VXLAN_PORT, (a) => a.be16(v.dstport ?? 4789));
}

function writeEither(w: Writer, text: string, type4: number, type6: number): void {
  const address = parseAddress(text, 'vxlan address');
  w.attrBytes(address.family === 'inet' ? type4 : type6, address.bytes);
}

/** Writes IFLA_INFO_SLAVE_DATA of a bridge port. */
export function writeBridgePort(w: Writer, p: BridgePort): void {
  if (p.state !== undefined) w.attrU8(IFLA_BRPORT_STATE, p.state);
  if (p.priority !== undefined) w.attrU16(IFLA_BRPORT_PRIORITY, p.priority);
  if (p.cost !== undefined) w.attrU32(IFLA_BRPORT_COST, p.cost);
  if (p.hairpin !== undefined) w.attrU8(IFLA_BRPORT_MODE, flag(p.hairpin));
  if (p.guard !== undefined) w.attrU8(IFLA_BRPORT_GUARD, flag(p.guard));
  if (p.learning !== undefined) w.attrU8(IFLA_BRPORT_LEARNING, flag(p.learning));
  if (p.flood !== undefined) w.attrU8(IFLA_BRPORT_UNICAST_FLOOD, flag(p.flood));
  if (p.isolated !== undefined) w.attrU8(IFLA_BRPORT_ISOLATED, flag(p.isolated));
}

export function readBridgePort(a: Attrs): BridgePort {
  return defined({
    state: a.u8(IFLA_BRPORT_STATE), priority: a.u16(IFLA_BRPORT_PRIORITY), cost: a.u32(IFLA_BRPORT_COST), hairpin: bool(a.u8(IFLA_BRPORT_MODE)),
    guard: bool(a.u8(IFLA_BRPORT_GUARD)), learning: bool(a.u8(IFLA_BRPORT_LEARNING)), flood: bool(a.u8(IFLA_BRPORT_UNICAST_FLOOD)),
    isolated: bool(a.u8(IFLA_BRPORT_ISOLATED)),
  });
}

/** Reads IFLA_INFO_DATA; undefined for kinds not known here. */
export function readData(kind: string, a: Attrs): LinkData | undefined {
  switch (kind) {
    case 'bridge':
      return { kind, ...readBridge(a) };
    case 'macvlan':
      return { kind, ...defined({ mode: macvlanMode(a.u32(IFLA_MACVLAN_MODE)) }) };
    case 'vlan':
      return { kind, id: a.u16(IFLA_VLAN_ID) ?? 0, ...defined({ protocol: vlanProtocol(a.be16(IFLA_VLAN_PROTOCOL)) }) };
    case 'vxlan':
      return { kind, ...readVxlan(a) };
    case 'tun':
      return { kind, ...readTun(a) };
    default:
      return undefined;
  }
}

function readBridge(a: Attrs): BridgeData {
  return defined({
    stp: bool(a.u32(IFLA_BR_STP_STATE)), forwardDelay: a.u32(IFLA_BR_FORWARD_DELAY), helloTime: a.u32(IFLA_BR_HELLO_TIME),
    maxAge: a.u32(IFLA_BR_MAX_AGE), ageingTime: a.u32(IFLA_BR_AGEING_TIME), priority: a.u16(IFLA_BR_PRIORITY),
    vlanFiltering: bool(a.u8(IFLA_BR_VLAN_FILTERING)), vlanDefaultPvid: a.u16(IFLA_BR_VLAN_DEFAULT_PVID),
    mcastSnooping: bool(a.u8(IFLA_BR_MCAST_SNOOPING)),
  });
}

function readVxlan(a: Attrs): VxlanData & { link?: number } {
  const remote = a.bytes(IFLA_VXLAN_GROUP) ?? a.bytes(IFLA_VXLAN_GROUP6);
  const local = a.bytes(IFLA_VXLAN_LOCAL) ?? a.bytes(IFLA_VXLAN_LOCAL6);
  const learning = bool(a.u8(IFLA_VXLAN_LEARNING));
  return {
    id: a.u32(IFLA_VXLAN_ID) ?? 0,
    ...defined({
      remote: remote === undefined ? undefined : formatAddress(remote), local: local === undefined ? undefined : formatAddress(local), link: a.u32(IFLA_VXLAN_LINK) || undefined, dstport: a.be16(IFLA_VXLAN_PORT),
      learning, ttl: a.u8(IFLA_VXLAN_TTL), ageing: a.u32(IFLA_VXLAN_AGEING),
    }),
  };
}

function readTun(a: Attrs): TunData {
  const type = a.u8(IFLA_TUN_TYPE);
  return defined({
    mode: type === 1 ? ('tun' as const) : type === 2 ? ('tap' as const) : undefined, owner: a.u32(IFLA_TUN_OWNER), group: a.u32(IFLA_TUN_GROUP),
    pi: bool(a.u8(IFLA_TUN_PI)), vnetHdr: bool(a.u8(IFLA_TUN_VNET_HDR)), persist: bool(a.u8(IFLA_TUN_PERSIST)),
    multiQueue: bool(a.u8(IFLA_TUN_MULTI_QUEUE)),
  });
}

function macvlanMode(number: number | undefined): keyof typeof MACVLAN_MODES | undefined {
  const name = number === undefined ? undefined : toName(MACVLAN_MODES, number);
  return name === 'private' || name === 'vepa' || name === 'bridge' || name === 'passthru' || name === 'source' ? name : undefined;
}

function vlanProtocol(number: number | undefined): keyof typeof VLAN_PROTOCOLS | undefined {
  return number === VLAN_PROTOCOLS['802.1q'] ? '802.1q' : number === VLAN_PROTOCOLS['802.1ad'] ? '802.1ad' : undefined;
}
