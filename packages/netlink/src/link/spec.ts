import type { LinkRef } from '../names.ts';
import type { BridgeData, BridgePort, MacvlanData, VlanData, VxlanData } from './data.ts';

/** What any interface can be made with. */
export interface LinkCommon {
  /** At most 15 bytes; the kernel picks one where it is absent. */
  name?: string;
  /** A fixed index, free in its namespace. */
  index?: number;
  mtu?: number;
  address?: string;
  up?: boolean;
  master?: LinkRef;
  /** Descriptor of the network namespace to make it in. */
  netns?: number;
  txqlen?: number;
  group?: number;
  numTxQueues?: number;
  numRxQueues?: number;
}

/** The other end of a veth pair; without `netns` it stands in the namespace of the socket. */
export type VethPeer = Pick<LinkCommon, 'name' | 'index' | 'mtu' | 'address' | 'up' | 'netns' | 'txqlen' | 'group' | 'numTxQueues' | 'numRxQueues'>;

/** An interface to make (ip-link(8), `ip link add`). */
export type LinkSpec = LinkCommon &
  (
    | { kind: 'veth'; peer?: VethPeer }
    | ({ kind: 'bridge' } & BridgeData)
    | ({ kind: 'macvlan'; link: LinkRef } & MacvlanData)
    | ({ kind: 'vlan'; link: LinkRef } & VlanData)
    | ({ kind: 'vxlan'; link?: LinkRef } & VxlanData)
    | { kind: 'ifb' }
    | { kind: 'dummy' }
  );

/** Changes to an interface (`ip link set`). Several in one call are one or few requests, in the kernel's order. */
export interface LinkChange {
  up?: boolean;
  name?: string;
  mtu?: number;
  address?: string;
  /** `null` takes it out of its master. */
  master?: LinkRef | null;
  /** Descriptor of the namespace to move to; `name` is then its name there. */
  netns?: number;
  altnames?: { add?: readonly string[]; del?: readonly string[] };
  txqlen?: number;
  /** Empty text removes it. */
  alias?: string;
  group?: number;
  promisc?: boolean;
  allmulti?: boolean;
  arp?: boolean;
  multicast?: boolean;
  carrier?: boolean;
  addrGenMode?: 'eui64' | 'none' | 'stable_secret' | 'random';
  bridge?: BridgeData;
  macvlan?: MacvlanData;
  bridgePort?: BridgePort;
}
