import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freeRange } from '../src/allot.ts';
import { checkMap, checkWithin, mapText, readMap, type IdMap } from '../src/map.ts';

const range = fc.record({ inside: fc.nat(60), outside: fc.nat(60), count: fc.integer({ min: 1, max: 20 }) });
const ids = (map: IdMap, side: 'inside' | 'outside'): number[] => map.flatMap((each) => Array.from({ length: each.count }, (_, i) => each[side] + i));
const throws = (fn: () => void): boolean => {
  try {
    fn();
    return false;
  } catch {
    return true;
  }
};

describe('maps', () => {
  it('are read as they are written', () => {
    fc.assert(fc.property(fc.array(range), (map) => { expect(readMap(mapText(map))).toEqual(map); }));
  });

  it('have each number once', () => {
    fc.assert(fc.property(fc.array(range, { maxLength: 4 }), (map) => {
      const twice = (['inside', 'outside'] as const).some((side) => new Set(ids(map, side)).size < ids(map, side).length);
      expect(throws(() => { checkMap('uid', map); })).toBe(twice);
    }), { numRuns: 2000 });
    expect(() => { checkMap('uid', [{ inside: 0, outside: 0xffff_fff0, count: 16 }]); }).toThrow(expect.objectContaining({ code: 'ERANGE' }));
  });

  it('lie within what there is outside', () => {
    fc.assert(fc.property(range, fc.array(range, { maxLength: 4 }), (one, parent) => {
      fc.pre(!throws(() => { checkMap('uid', parent); }));
      const there = new Set(ids(parent, 'inside'));
      expect(throws(() => { checkWithin('uid', [one], parent); })).toBe(!ids([one], 'outside').every((id) => there.has(id)));
    }), { numRuns: 2000 });
  });
});

describe('free numbers', () => {
  it('are nobody else’s', () => {
    const made: IdMap[] = [];
    for (let i = 0; i < 50; i++) made.push([{ inside: 0, outside: freeRange(65536, made, []), count: 65536 }]);
    expect(new Set(ids(made.map((map) => ({ inside: 0, outside: map[0]?.outside ?? 0, count: 1 })), 'outside')).size).toBe(50);
    expect(() => { checkMap('uid', made.flatMap((map, i) => map.map((each) => ({ ...each, inside: i * 65536 })))); }).not.toThrow();
    const [second] = made.splice(1, 1);
    expect(freeRange(65536, made, [])).toBe(second?.[0]?.outside);
    expect(freeRange(65536, [], [[0x7000_0005, 0x7001_0001]])).toBe(0x7002_0000);
    expect(() => freeRange(1 << 28, made, [])).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
  });
});
