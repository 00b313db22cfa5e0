import { VimageError } from '../errors.ts';
import type { ImageAddress } from '../substrate.ts';

/** Bits of an image address. */
export const addressBits = 64;

/** An address with its mask, as signed 32-bit halves: those stay small integers in the machine, and `&` gives them. */
export interface Masked {
  readonly addrHi: number;
  readonly addrLo: number;
  readonly maskHi: number;
  readonly maskLo: number;
}

/** Whether `a` is `b` or below it. No walk: every child's address begins with its parent's. */
export function isInside(a: Masked, b: Masked): boolean {
  return (a.addrHi & b.maskHi) === b.addrHi && (a.addrLo & b.maskLo) === b.addrLo;
}

/** Bits that keep `n` children apart, slot 0 left out: ⌈log2(n+1)⌉. */
export function childBits(n: number): number {
  return 32 - Math.clz32(n);
}

export function maskHi(prefix: number): number {
  if (prefix === 0) return 0;
  return prefix >= 32 ? -1 : -1 << (32 - prefix);
}

export function maskLo(prefix: number): number {
  return prefix <= 32 ? 0 : -1 << (addressBits - prefix);
}

/** Address of the child in `slot` of a parent that keeps `bits` for its children. */
export function childAddress(parent: ImageAddress, bits: number, slot: number): ImageAddress {
  const prefix = parent.prefix + bits;
  const shift = addressBits - prefix;
  if (shift >= 32) return { hi: (parent.hi | (slot << (shift - 32))) >>> 0, lo: parent.lo, prefix };
  // A shift by 32 is a shift by 0 in JavaScript.
  const carried = shift === 0 ? 0 : slot >>> (32 - shift);
  return { hi: (parent.hi | carried) >>> 0, lo: (parent.lo | (slot << shift)) >>> 0, prefix };
}

/** The slot that {@link childAddress} was given. */
export function childSlot(address: ImageAddress, bits: number): number {
  const shift = addressBits - address.prefix;
  const keep = 2 ** bits - 1;
  if (shift >= 32) return ((address.hi >>> (shift - 32)) & keep) >>> 0;
  const fromHi = shift === 0 ? 0 : address.hi << (32 - shift);
  return ((fromHi | (address.lo >>> shift)) & keep) >>> 0;
}

export function sameAddress(a: ImageAddress, b: ImageAddress): boolean {
  return a.hi === b.hi && a.lo === b.lo && a.prefix === b.prefix;
}

/** `hi:lo/prefix`, the halves as eight hexadecimal digits. */
export function formatAddress(address: ImageAddress): string {
  return `${hex(address.hi)}:${hex(address.lo)}/${address.prefix}`;
}

/** Reads what {@link formatAddress} wrote; EINVAL. Bits beyond the prefix must be zero. */
export function parseAddress(text: string): ImageAddress {
  const found = /^([0-9a-f]{8}):([0-9a-f]{8})\/(\d{1,2})$/.exec(text);
  const [, hiText = '', loText = '', prefixText = ''] = found ?? [];
  const address = { hi: Number.parseInt(hiText, 16), lo: Number.parseInt(loText, 16), prefix: Number(prefixText) };
  if (found === null || !isAddress(address)) {
    throw new VimageError('EINVAL', `"${text.slice(0, 40)}" is no image address: expected hhhhhhhh:hhhhhhhh/prefix, zero beyond the prefix`, { subject: text });
  }
  return address;
}

/** Whether the halves are unsigned 32-bit, the prefix is 0 to 64, and nothing is set beyond it. */
export function isAddress({ hi, lo, prefix }: ImageAddress): boolean {
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > addressBits) return false;
  return isU32(hi) && isU32(lo) && (hi & maskHi(prefix)) >>> 0 === hi && (lo & maskLo(prefix)) >>> 0 === lo;
}

function isU32(value: number): boolean {
  return value >>> 0 === value;
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0');
}
