import ipaddr from 'ipaddr.js';
import { AF_INET, AF_INET6 } from './abi/netlink.ts';
import { invalid } from './error.ts';

/** An address family by its ip(8) name. */
export type IpFamily = 'inet' | 'inet6';

/** A parsed address: 4 or 16 bytes in network order. */
export interface IpAddress {
  readonly family: IpFamily;
  readonly bytes: Uint8Array;
}

/** A parsed prefix; `length` in bits. */
export interface IpPrefix extends IpAddress {
  readonly length: number;
}

/** The kernel's AF_* number. */
export function familyNumber(family: IpFamily): number {
  return family === 'inet' ? AF_INET : AF_INET6;
}

/** The name of AF_INET or AF_INET6; of any other number undefined. */
export function familyName(number: number): IpFamily | undefined {
  return number === AF_INET ? 'inet' : number === AF_INET6 ? 'inet6' : undefined;
}

/** Parses `10.0.0.1` or `fe80::1`. Names, zones and short or octal forms are `EINVAL`. */
export function parseAddress(text: string, what = 'address'): IpAddress {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return { family: 'inet', bytes: Uint8Array.from(ipaddr.IPv4.parse(text).toByteArray()) };
  if (text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)) {
    return { family: 'inet6', bytes: Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray()) };
  }
  throw invalid(what, `${JSON.stringify(text.slice(0, 80))} is not an IPv4 or IPv6 address`);
}

/** Parses `10.0.0.1/24`; without a length, all the bits. */
export function parsePrefix(text: string, what = 'prefix'): IpPrefix {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash), what);
  const bits = address.bytes.length * 8;
  if (slash < 0) return { ...address, length: bits };
  const digits = text.slice(slash + 1);
  const length = /^\d{1,3}$/.test(digits) ? Number(digits) : -1;
  if (length < 0 || length > bits) throw invalid(what, `${JSON.stringify(text.slice(0, 80))}: prefix length must be 0 to ${bits}`);
  return { ...address, length };
}

/** Parses an address that must be of `family`. */
export function parseAddressOf(family: IpFamily, text: string, what: string): Uint8Array {
  const parsed = parseAddress(text, what);
  if (parsed.family !== family) throw invalid(what, `${text} is not of family ${family}`);
  return parsed.bytes;
}

/** Text of an address as inet_ntop(3) writes it; other lengths as hexadecimal with colons. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return formatMac(bytes);
  const address = new ipaddr.IPv6([...bytes]);
  if (address.isIPv4MappedAddress()) return `::ffff:${bytes.subarray(12).join('.')}`;
  return address.toRFC5952String();
}

/** Parses a link-layer address, `02:00:00:00:00:01`, of 1 to 32 bytes; Ethernet wants `length` 6. */
export function parseMac(text: string, length?: number): Uint8Array {
  const parts = text.split(':');
  const good = parts.every((part) => /^[0-9a-f]{1,2}$/i.test(part)) && parts.length <= 32 && (length === undefined || parts.length === length);
  if (!good) throw invalid('link-layer address', `${JSON.stringify(text.slice(0, 100))} is not like 02:00:00:00:00:01`);
  return Uint8Array.from(parts, (part) => Number.parseInt(part, 16));
}

/** Lower-case hexadecimal bytes with colons. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
