import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VimageError, codeOf } from '@vimage/core';
import { offsetLines, type Clocks } from '@vimage/linux';
import { ahead, reach } from '../src/range.ts';

const second = 1_000_000_000n;
const none: Clocks = { monotonic: 0n, boottime: 0n };
const offset = fc.bigInt({ min: -reach, max: reach });

test('lines for the kernel add up to the offset, their nanoseconds being added', () => {
  fc.assert(fc.property(offset, offset, (monotonic, boottime) => {
    const sums = new Map(offsetLines({ monotonic, boottime }, none).trim().split('\n').filter((line) => line !== '').map((line) => {
      const [clock = '', seconds = '', rest = ''] = line.split(' ');
      expect(BigInt(rest) >= 0n && BigInt(rest) < second).toBe(true);
      return [clock, BigInt(seconds) * second + BigInt(rest)];
    }));
    expect([sums.get('monotonic') ?? 0n, sums.get('boottime') ?? 0n]).toEqual([monotonic, boottime]);
  }));
  expect(offsetLines({ monotonic: 5n, boottime: 7n }, { monotonic: 5n, boottime: 7n })).toBe('');
});

test('what is allowed is what the kernel allows: no clock negative, none beyond its end', () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), offset, (now, value) => {
    const after = now + value;
    const fits = after >= 0n && after / second <= reach / second;
    try {
      expect(ahead(none, [{ key: 'boottime', value }], { ...none, boottime: now })).toEqual({ monotonic: 0n, boottime: value });
      expect(fits).toBe(true);
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      expect([codeOf(error), fits]).toEqual(['ERANGE', false]);
    }
  }));
});
