import ipaddr from 'ipaddr.js';
import { VimageError } from '../errors.ts';
import { quote, unexpected } from './text.ts';
import type { ParamType } from './type.ts';

/** An address with the length of its network's prefix; `address` is in canonical text form. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefix: number;
}

type Ip = ipaddr.IPv4 | ipaddr.IPv6;

const resolveHint = 'a host name is resolved on the caller\'s side, in the caller\'s own network; here only numbers are taken';

/** Reads an IPv4 address of four decimal parts or an IPv6 address without zone; undefined when it is neither. */
function parseIp(text: string): Ip | undefined {
  if (text.length > 45) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (!/^[0-9a-f:.]+$/i.test(text) || !text.includes(':')) return undefined;
  const tail = text.slice(text.lastIndexOf(':') + 1);
  if (tail.includes('.') && !ipaddr.IPv4.isValidFourPartDecimal(tail)) return undefined;
  return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : undefined;
}

function refuse(expected: string, whole: string, host: string): VimageError {
  const isName = /[a-z]/i.test(host) && /^[a-z0-9_.-]+$/i.test(host);
  if (isName) return new VimageError('EINVAL', `expected ${expected}, not the host name ${quote(host)}`, { hint: resolveHint });
  return unexpected(expected, whole, host.includes('%') ? 'write the address without its zone' : undefined);
}

/** Whether text stands where an address number is expected but looks like a host name, which the caller's side resolves. */
export function isHostName(text: string): boolean {
  return /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(text) && /[a-z]/i.test(text);
}

/** An IPv4 or IPv6 address, a number only; the value is its canonical text. EINVAL. */
export function addressType(): ParamType<string> {
  const expected = 'an IPv4 or IPv6 address';
  return {
    kind: 'address',
    expected,
    schema: { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
    parse(text) {
      const ip = parseIp(text);
      if (ip === undefined) throw refuse(expected, text, text);
      return ip.toString();
    },
    print: (value) => value,
    is: (value) => typeof value === 'string',
  };
}

function parseCidr(text: string, expected: string): { readonly ip: Ip; readonly cidr: Cidr } {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const ip = parseIp(host);
  if (ip === undefined) throw refuse(expected, text, host);
  const family = ip.kind() === 'ipv4' ? 4 : 6;
  const bits = family === 4 ? 32 : 128;
  if (slash < 0) throw unexpected(expected, text, `give the prefix length too: "${text}/${bits}" is this one address`);
  const digits = text.slice(slash + 1);
  if (!/^(?:0|[1-9][0-9]*)$/.test(digits)) throw unexpected(expected, text);
  const prefix = Number(digits);
  if (!(prefix <= bits)) throw new VimageError('ERANGE', `expected ${expected}, not ${quote(text)}: the prefix of IPv${family} is 0 to ${bits}`);
  return { ip, cidr: { family, address: ip.toString(), prefix } };
}

function isCidr(value: unknown): value is Cidr {
  return typeof value === 'object' && value !== null && 'address' in value && typeof value.address === 'string'
    && 'prefix' in value && typeof value.prefix === 'number' && 'family' in value && (value.family === 4 || value.family === 6);
}

const cidrSchema = { type: 'string', pattern: '^[0-9a-fA-F:.]+/[0-9]{1,3}$' };

/** An address with prefix length, host bits kept: `10.7.0.2/24`. EINVAL, ERANGE. */
export function cidrType(): ParamType<Cidr> {
  const expected = 'an address with prefix length, such as 10.7.0.2/24';
  return {
    kind: 'cidr',
    expected,
    schema: cidrSchema,
    parse: (text) => parseCidr(text, expected).cidr,
    print: (value) => `${value.address}/${value.prefix}`,
    is: isCidr,
  };
}

/** A network: an address with prefix length whose host bits are zero. EINVAL (naming the network that was meant), ERANGE. */
export function networkType(): ParamType<Cidr> {
  const expected = 'a network with prefix length, such as 10.7.0.0/24';
  return {
    kind: 'network',
    expected,
    schema: cidrSchema,
    parse(text) {
      const { ip, cidr } = parseCidr(text, expected);
      const bytes = ip.toByteArray();
      const masked = bytes.map((byte, i) => byte & (0xff << Math.max(0, Math.min(8, 8 * (i + 1) - cidr.prefix))));
      if (masked.some((byte, i) => byte !== bytes[i])) {
        const network = ipaddr.fromByteArray(masked).toString();
        throw unexpected(expected, text, `it has host bits set; its network is ${network}/${cidr.prefix}`);
      }
      return cidr;
    },
    print: (value) => `${value.address}/${value.prefix}`,
    is: isCidr,
  };
}
