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
