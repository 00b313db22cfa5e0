import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VimageError } from '../../src/errors.ts';
import { type } from '../../src/param/types.ts';
import { cases, nearText } from './arbitrary.ts';

describe.each(Object.entries(cases))('%s', (_name, { type: each, value }) => {
  test('parse(print(v)) is v, and print is canonical', () => {
    fc.assert(fc.property(value, (v) => {
      const text = each.print(v);
      expect(each.is(v)).toBe(true);
      expect(each.parse(text)).toEqual(v);
      expect(each.print(each.parse(text))).toBe(text);
    }), { numRuns: 300 });
  });

  test('any text gives a value that prints canonically, or a coded error', () => {
    fc.assert(fc.property(nearText, (text) => {
      try {
        const v = each.parse(text);
        expect(each.is(v)).toBe(true);
        expect(each.parse(each.print(v))).toEqual(v);
      } catch (error) {
        if (!(error instanceof VimageError)) throw error;
        expect(['EINVAL', 'ERANGE', 'ENAMETOOLONG']).toContain(error.code);
        expect(error.message).toContain('expected');
      }
    }), { numRuns: 1000 });
  });
});

const errorOf = (run: () => unknown): VimageError => {
  try {
    run();
  } catch (error) {
    if (error instanceof VimageError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

test('a host name is told that the caller resolves it', () => {
  for (const run of [() => type.address().parse('db.example'), () => type.cidr().parse('db/24'), () => type.portMap().parse('localhost:80:80')]) {
    const error = errorOf(run);
    expect(error.message).toContain('host name');
    expect(error.hint).toContain('caller');
  }
});

test('a network with host bits names the network that was meant', () => {
  expect(errorOf(() => type.network().parse('10.0.0.5/24')).hint).toContain('10.0.0.0/24');
  expect(errorOf(() => type.network().parse('fd00::1:5/112')).hint).toContain('fd00::1:0/112');
  expect(errorOf(() => type.network().parse('255.255.255.255/0')).hint).toContain('0.0.0.0/0');
});

test('interface names as the kernel takes them', () => {
  for (const name of ['', '.', '..', 'a b', 'a/b', 'a:b', 'eth%d', 'all', 'default', 'a\u00a0b', 'a\u0420', 'x'.repeat(16), 'é'.repeat(8), 'a\0']) {
    expect(() => type.ifname().parse(name), JSON.stringify(name)).toThrow(VimageError);
  }
  for (const name of ['lo', 'x'.repeat(15), 'br-1a2b', 'eth0.100', '...', 'é'.repeat(7)]) expect(type.ifname().parse(name)).toBe(name);
});

test('a union prints the alternative that a value belongs to', () => {
  const either = type.or(type.address(), type.ifname());
  expect(either.print('eth0')).toBe('eth0');
  expect(either.parse('FD00::0001')).toBe('fd00::1');
  expect(either.parse('eth0')).toBe('eth0');
});

test('what a type may not print is refused', () => {
  expect(errorOf(() => type.map(type.string(), type.string()).print({ key: 'a=b', value: 'c' })).code).toBe('EINVAL');
  expect(errorOf(() => type.optional(type.string()).print('none')).code).toBe('EINVAL');
});

test('an offset has a sign and comes out in nanoseconds', () => {
  const { parse } = type.offset({ min: -86_400_000_000_000n, max: 86_400_000_000_000n, text: 'a day at most' });
  expect(['+1d', '-2h', '1.5s', '-0.000000001s', '250us', '7ns', '0', '-0s'].map(parse)).toEqual([86_400_000_000_000n, -7_200_000_000_000n, 1_500_000_000n, -1n, 250_000n, 7n, 0n, 0n]);
  for (const text of ['1', '+', '1.s', '.5s', '+-1s', '1w', '1 s', '0.1ns', '1.23456789012s']) expect(errorOf(() => parse(text)).code, text).toBe('EINVAL');
  for (const text of ['86400.000000001s', '-2d', '99999999999999999999d']) expect(errorOf(() => parse(text)), text).toMatchObject({ code: 'ERANGE', message: expect.stringContaining('a day at most') });
});
