import { parseAddress } from '@vimage/netlink';
import { farName } from '../change/veth.ts';
import { PARENT } from '../params/veth.ts';
import type { PortMap } from '../params/value.ts';
import { wanted, wantsForwarding, type VnetValues } from '../wanted/wanted.ts';

/** An interface of the parent behind which the image is. */
export interface End {
  readonly name: string;
  /** A bridge has others behind it too; then the image's own port there. */
  readonly port: string | undefined;
  /** The image's own addresses there. */
  readonly addrs: readonly string[];
}

/** What the parent is to do for the image's traffic. */
export interface Forwarding {
  readonly ends: readonly End[];
  /** Out of which interface the image's traffic is masqueraded; true: of any. */
  readonly nat: boolean | string;
  readonly publish: readonly PortMap[];
  /** Whether IPv4 and IPv6 have to be forwarded. */
  readonly families: readonly (4 | 6)[];
}

/** What values ask of the parent; undefined: nothing. */
export function forwardingOf(values: VnetValues, serial: bigint): Forwarding | undefined {
  if (!wantsForwarding(values)) return undefined;
  const want = wanted(values);
  const ends = want.links.flatMap((link): End[] => {
    if (link.kind !== 'veth' || link.end.image !== PARENT) return [];
    const addrs = want.addrs.filter(({ dev }) => dev === link.name).map(({ cidr }) => cidr.address);
    const far = farName(serial, link.name, link.end);
    return [{ name: link.end.bridge ?? far, port: link.end.bridge === undefined ? undefined : far, addrs }];
  });
  const families = new Set(ends.flatMap((end) => end.addrs).map(familyOf));
  return { ends, nat: values.nat ?? false, publish: values.publish ?? [], families: [...families].sort() };
}

/** 4 or 6. */
export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** Where a published port leads: the image's first address of that family behind the parent. */
export function targetOf({ ends }: Forwarding, family: 4 | 6): Uint8Array | undefined {
  const address = ends.flatMap((end) => end.addrs).find((one) => familyOf(one) === family);
  return address === undefined ? undefined : parseAddress(address).bytes;
}
