import { AF_INET6 } from '../abi/netlink.ts';
import {
  ADDR_GEN_MODES, ARPHRD, IFF_LOOPBACK, IFF_LOWER_UP, IFF_RUNNING, IFF_UP, IFINFOMSG_LEN, IFLA_ADDRESS, IFLA_AF_SPEC, IFLA_ALT_IFNAME, IFLA_BROADCAST,
  IFLA_CARRIER, IFLA_CARRIER_CHANGES, IFLA_GROUP, IFLA_IFALIAS, IFLA_IFNAME, IFLA_INET6_ADDR_GEN_MODE, IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_INFO_SLAVE_DATA,
  IFLA_INFO_SLAVE_KIND, IFLA_LINK, IFLA_LINK_NETNSID, IFLA_LINKINFO, IFLA_MASTER, IFLA_MAX_MTU, IFLA_MIN_MTU, IFLA_MTU, IFLA_NETNS_IMMUTABLE,
  IFLA_NUM_RX_QUEUES, IFLA_NUM_TX_QUEUES, IFLA_OPERSTATE, IFLA_PARENT_DEV_BUS_NAME, IFLA_PARENT_DEV_NAME, IFLA_PERM_ADDRESS, IFLA_PROP_LIST, IFLA_QDISC,
  IFLA_STATS64, IFLA_TXQLEN, OPERSTATES,
} from '../abi/link.ts';
import { formatAddress, formatMac } from '../address.ts';
import { defined } from '../enum.ts';
import { Attrs } from '../wire/attr.ts';
import { Reader } from '../wire/reader.ts';
import { readBridgePort, readData } from './data.ts';
import type { Link, LinkStats } from './link.ts';

/** Reads the body of RTM_NEWLINK or RTM_DELLINK: struct ifinfomsg and attributes. `EBADMSG` when it is cut short. */
export function readLink(body: Uint8Array): Link {
  const header = new Reader(body);
  header.need(0, IFINFOMSG_LEN);
  const flags = header.u32(8);
  const a = Attrs.read(body, IFINFOMSG_LEN);
  const info = a.nested(IFLA_LINKINFO);
  const kind = info.string(IFLA_INFO_KIND);
  const slaveKind = info.string(IFLA_INFO_SLAVE_KIND);
  const number = header.u16(2);
  return {
    index: header.i32(4),
    name: a.string(IFLA_IFNAME) ?? '',
    altnames: a.nested(IFLA_PROP_LIST).all(IFLA_ALT_IFNAME).map((r) => r.text(0, r.length)),
    type: ARPHRD[number] ?? String(number),
    flags,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_RUNNING) !== 0,
    lowerUp: (flags & IFF_LOWER_UP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    mtu: a.u32(IFLA_MTU) ?? 0,
    operstate: OPERSTATES[a.u8(IFLA_OPERSTATE) ?? 0] ?? 'unknown',
    group: a.u32(IFLA_GROUP) ?? 0,
    ...defined({
      kind, slaveKind,
      minMtu: a.u32(IFLA_MIN_MTU), maxMtu: a.u32(IFLA_MAX_MTU),
      address: linkAddress(a.bytes(IFLA_ADDRESS), number), broadcast: linkAddress(a.bytes(IFLA_BROADCAST), number),
      permAddress: linkAddress(a.bytes(IFLA_PERM_ADDRESS), number),
      master: a.u32(IFLA_MASTER), link: a.u32(IFLA_LINK) || undefined, linkNetnsid: a.i32(IFLA_LINK_NETNSID),
      netnsImmutable: flagOf(a.u8(IFLA_NETNS_IMMUTABLE)), carrier: flagOf(a.u8(IFLA_CARRIER)), carrierChanges: a.u32(IFLA_CARRIER_CHANGES),
      qdisc: a.string(IFLA_QDISC), txqlen: a.u32(IFLA_TXQLEN), numTxQueues: a.u32(IFLA_NUM_TX_QUEUES), numRxQueues: a.u32(IFLA_NUM_RX_QUEUES),
      alias: a.string(IFLA_IFALIAS), addrGenMode: addrGenMode(a),
      parentDev: a.string(IFLA_PARENT_DEV_NAME), parentBus: a.string(IFLA_PARENT_DEV_BUS_NAME),
      stats: readStats(a.reader(IFLA_STATS64)),
      data: kind === undefined ? undefined : readData(kind, info.nested(IFLA_INFO_DATA)), rawData: info.bytes(IFLA_INFO_DATA)?.slice(),
      bridgePort: slaveKind === 'bridge' ? readBridgePort(info.nested(IFLA_INFO_SLAVE_DATA)) : undefined,
    }),
  };
}

/** Tunnels over IP have an IP address here; everything else bytes with colons. */
function linkAddress(bytes: Uint8Array | undefined, type: number): string | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined;
  return [768, 776, 778].includes(type) ? formatAddress(bytes) : formatMac(bytes);
}

function flagOf(value: number | undefined): boolean | undefined {
  return value === undefined ? undefined : value !== 0;
}

function addrGenMode(a: Attrs): string | undefined {
  const mode = a.nested(IFLA_AF_SPEC).nested(AF_INET6).u8(IFLA_INET6_ADDR_GEN_MODE);
  return mode === undefined ? undefined : ADDR_GEN_MODES[mode];
}

function readStats(r: Reader | undefined): LinkStats | undefined {
  if (r === undefined) return undefined;
  return {
    rxPackets: r.u64(0), txPackets: r.u64(8), rxBytes: r.u64(16), txBytes: r.u64(24), rxErrors: r.u64(32), txErrors: r.u64(40),
    rxDropped: r.u64(48), txDropped: r.u64(56), multicast: r.u64(64), collisions: r.u64(72),
  };
}
