import ipaddr from 'ipaddr.js';
import type { Cidr } from '../params/value.ts';

/** Whether `address` lies in the network of `cidr`. */
export function contains(cidr: Cidr, address: string): boolean {
  const one = ipaddr.parse(address);
  const net = ipaddr.parse(cidr.address);
  if (one.kind() !== net.kind()) return false;
  const a = one.toByteArray();
  const b = net.toByteArray();
  return a.every((byte, i) => {
    const bits = Math.max(0, Math.min(8, cidr.prefix - 8 * i));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === ((b[i] ?? 0) & mask);
  });
}

/** `10.7.0.2/24`. */
export function cidrText(cidr: Cidr): string {
  return `${cidr.address}/${cidr.prefix}`;
}

/** The network of an address with its prefix length: 10.7.0.2/24 is in 10.7.0.0/24. */
export function networkOf(cidr: Cidr): Cidr {
  const bytes = ipaddr.parse(cidr.address).toByteArray();
  const masked = bytes.map((byte, i) => byte & (0xff << Math.max(0, Math.min(8, 8 * (i + 1) - cidr.prefix))) & 0xff);
  return { ...cidr, address: ipaddr.fromByteArray(masked).toString() };
}
