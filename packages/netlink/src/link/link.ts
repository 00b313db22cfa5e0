import type { BridgePort, LinkData } from './data.ts';

/** Packet and byte counters since the interface was made (struct rtnl_link_stats64). */
export interface LinkStats {
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxErrors: number;
  readonly txErrors: number;
  readonly rxDropped: number;
  readonly txDropped: number;
  readonly multicast: number;
  readonly collisions: number;
}

/** An interface as the kernel describes it (RTM_NEWLINK, rtnetlink(7)). */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly altnames: readonly string[];
  /** `veth`, `bridge`, ... as the kernel names it, also where this package knows no more of it; absent for hardware. */
  readonly kind?: string;
  /** Kind of the master, where the interface is its port. */
  readonly slaveKind?: string;
  /** `ether`, `loopback`, `none`, ... or the ARPHRD_* number as text. */
  readonly type: string;
  /** All IFF_* bits, as netdevice(7) has them. */
  readonly flags: number;
  readonly up: boolean;
  readonly running: boolean;
  readonly lowerUp: boolean;
  readonly loopback: boolean;
  readonly mtu: number;
  readonly minMtu?: number;
  readonly maxMtu?: number;
  readonly address?: string;
  readonly broadcast?: string;
  /** The hardware's own address, where it has one. */
  readonly permAddress?: string;
  /** Index of the bridge or other master. */
  readonly master?: number;
  /** Index of the lower device or of the veth peer; it lies in namespace `linkNetnsid` where that is given. */
  readonly link?: number;
  readonly linkNetnsid?: number;
  /** `up`, `down`, `unknown`, `lowerlayerdown`, ... (RFC 2863). */
  readonly operstate: string;
  /** Whether the interface refuses to change namespace; absent where the kernel (before 6.15) does not say. */
  readonly netnsImmutable?: boolean;
  readonly carrier?: boolean;
  readonly carrierChanges?: number;
  readonly qdisc?: string;
  readonly txqlen?: number;
  readonly numTxQueues?: number;
  readonly numRxQueues?: number;
  readonly group: number;
  readonly alias?: string;
  readonly addrGenMode?: string;
  /** Device and bus underneath: `0000:00:03.0` on `pci`. */
  readonly parentDev?: string;
  readonly parentBus?: string;
  readonly stats?: LinkStats;
  /** Settings of the kinds this package knows. */
  readonly data?: LinkData;
  /** IFLA_INFO_DATA as it came, whatever the kind. */
  readonly rawData?: Uint8Array;
  readonly bridgePort?: BridgePort;
}
