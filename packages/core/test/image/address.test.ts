import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childAddress, childBits, childSlot, formatAddress, isAddress, isInside, maskHi, maskLo, parseAddress } from '../../src/image/address.ts';
import type { ImageAddress } from '../../src/substrate.ts';

const full = (1n << 64n) - 1n;
const toBig = ({ hi, lo }: ImageAddress): bigint => (BigInt(hi) << 32n) | BigInt(lo);
const masked = (a: ImageAddress) => ({ addrHi: a.hi | 0, addrLo: a.lo | 0, maskHi: maskHi(a.prefix), maskLo: maskLo(a.prefix) });

/** Widths of the levels from img0 down, at most 64 bits, with the slot taken at each. */
const levels = fc
  .array(fc.integer({ min: 1, max: 16 }).chain((bits) => fc.record({ bits: fc.constant(bits), slot: fc.integer({ min: 1, max: 2 ** bits - 1 }) })), { maxLength: 64 })
  .map((all) => {
    let left = 64;
    return all.filter(({ bits }) => (bits <= left ? ((left -= bits), true) : false));
  });

function down(path: readonly { bits: number; slot: number }[]): ImageAddress {
  return path.reduce((at: ImageAddress, { bits, slot }) => childAddress(at, bits, slot), { hi: 0, lo: 0, prefix: 0 });
}

describe('address', () => {
  it('keeps enough bits for n children and slot 0, and not one more', () => {
    for (const [n, bits] of [[0, 0], [1, 1], [2, 2], [3, 2], [4, 3], [7, 3], [8, 4], [65535, 16]] as const) expect(childBits(n)).toBe(bits);
    fc.assert(fc.property(fc.integer({ min: 1, max: 65535 }), (n) => 2 ** childBits(n) - 1 >= n && 2 ** (childBits(n) - 1) - 1 < n));
  });

  it('agrees with the same arithmetic on 64-bit integers', () => {
    fc.assert(
      fc.property(levels, (path) => {
        let expected = 0n;
        let prefix = 0;
        for (const { bits, slot } of path) {
          prefix += bits;
          expected |= BigInt(slot) << BigInt(64 - prefix);
        }
        const address = down(path);
        expect(toBig(address)).toBe(expected);
        expect(address.prefix).toBe(prefix);
        expect(isAddress(address)).toBe(true);
        const mask = (BigInt(maskHi(prefix) >>> 0) << 32n) | BigInt(maskLo(prefix) >>> 0);
        expect(mask).toBe(full ^ (full >> BigInt(prefix)));
        const last = path.at(-1);
        if (last !== undefined) expect(childSlot(address, last.bits)).toBe(last.slot);
      }),
    );
  });

  it('is inside exactly where one path begins with the other', () => {
    fc.assert(
      fc.property(levels, fc.nat(64), fc.nat(64), fc.boolean(), (path, cutA, cutB, turn) => {
        const a = path.slice(0, cutA);
        // A sibling's branch: same widths, another slot at the last level.
        const b = path.slice(0, cutB).map((level, at, all) => (turn && at === all.length - 1 ? { ...level, slot: (level.slot % (2 ** level.bits - 1)) + 1 } : level));
        const begins = b.length <= a.length && b.every(({ slot }, at) => a[at]?.slot === slot);
        expect(isInside(masked(down(a)), masked(down(b)))).toBe(begins);
      }),
    );
  });

  it('reads what it writes, and nothing else', () => {
    fc.assert(fc.property(levels, (path) => { expect(parseAddress(formatAddress(down(path)))).toEqual(down(path)); }));
    for (const bad of ['', '0:0/0', '00000000:00000000/65', '00000000:00000001/63', '80000000:00000000/0', ' 00000000:00000000/0']) {
      expect(() => parseAddress(bad)).toThrowError(/is no image address/);
    }
  });
});
