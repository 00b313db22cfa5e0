import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VimageError } from '../../src/errors.ts';
import { parseArgs, printArgs } from '../../src/pairs/args.ts';
import { decodePairs, encodePairs } from '../../src/pairs/codec.ts';
import { sections } from '../../src/pairs/sections.ts';
import type { Pair } from '../../src/pairs/pairs.ts';
import { plainText } from '../param/arbitrary.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((s) => !/[\0\p{Surrogate}]/u.test(s));
const pairs = fc.array(fc.tuple(text.filter((key) => key !== ''), text), { maxLength: 30 });

test('arguments come back', () => {
  fc.assert(fc.property(fc.array(fc.tuple(plainText(12).filter((key) => key !== '' && !key.includes('=')), text)), (given) => {
    expect(parseArgs(printArgs(given))).toEqual(given);
    expect(parseArgs(given.map(([key, value]) => `${key}=${value}`))).toEqual(given);
  }));
});

test('any words are pairs, or a coded error', () => {
  fc.assert(fc.property(fc.array(fc.oneof(text, fc.constantFrom('=', '', 'a=', '=b', 'vir', '--'))), (tokens) => {
    try {
      const read = parseArgs(tokens);
      expect(parseArgs(printArgs(read))).toEqual(read);
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      expect(error.code).toBe('EINVAL');
      expect(error.place?.pair).toBeTypeOf('number');
    }
  }));
});

test('a key splits only where a key is due', () => {
  expect(parseArgs(['addr', 'eth0=10.0.0.1/24', 'if=wi0,eth0', 'x=a=b'])).toEqual([['addr', 'eth0=10.0.0.1/24'], ['if', 'wi0,eth0'], ['x', 'a=b']]);
  expect(() => parseArgs(['name', 'web', 'vir'])).toThrow(/"vir" \(word 3\) has no value/);
});

test('encoded pairs come back', () => {
  fc.assert(fc.property(pairs, (given) => {
    expect(decodePairs(encodePairs(given))).toEqual(given);
  }));
});

test('any bytes are pairs that encode to the same bytes, or EBADMSG', () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.array(fc.constantFrom(0, 0, 65, 66, 0xef, 0xbb, 0xbf, 0xc3, 0xa9), { maxLength: 24 }).map((list) => Uint8Array.from(list)));
  fc.assert(fc.property(bytes, (given) => {
    try {
      expect(encodePairs(decodePairs(given))).toEqual(given);
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      expect(error.code).toBe('EBADMSG');
    }
  }), { numRuns: 1000 });
});

test('the limits of the encoding', () => {
  const many = Array.from({ length: 4097 }, (): Pair => ['a', 'b']);
  expect(() => encodePairs(many)).toThrow(/4096/);
  expect(() => decodePairs(new TextEncoder().encode('a\0b\0'.repeat(4097)))).toThrow(/4096/);
  expect(decodePairs(encodePairs(many.slice(1)))).toHaveLength(4096);
  expect(() => encodePairs([['a', 'x'.repeat(1024 * 1024)]])).toThrow(/bytes/);
  expect(() => decodePairs(new Uint8Array(1024 * 1024 + 1))).toThrow(/bytes/);
  for (const bad of [[['', 'x']], [['a', 'b\0']], [['a', '\ud800']]] as const) expect(() => encodePairs(bad)).toThrow(VimageError);
});

test('sections are what stands between one vir and the next', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('vir', 'a', 'b'), fc.constantFrom('x', 'y'))), (given) => {
    const split = sections(given);
    const back = [...split.image, ...split.sections.flatMap(({ component, pairs: own }): Pair[] => [['vir', component], ...own])];
    expect(back).toEqual(given);
    for (const { at, component } of split.sections) expect(given[at]).toEqual(['vir', component]);
  }));
});
