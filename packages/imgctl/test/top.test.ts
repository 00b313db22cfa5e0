import type { ProcessInfo } from '@vimage/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, duration } from '../src/print/quantity.ts';
import { usage, type Sample } from '../src/top/usage.ts';

const process = (pid: number, cpu: number, memory = 1024, start = '1'): ProcessInfo => ({ pid, inner: [], ppid: 1, uid: 0, state: 'S', start, cpu, memory, command: `p${pid}` });
const sample = (at: number, images: Readonly<Record<string, readonly ProcessInfo[]>>): Sample => ({ at, processes: new Map(Object.entries(images)) });

describe('what images use', () => {
  it('is told from two samples, the busiest first', () => {
    const before = sample(0, { a: [process(1, 100)], b: [process(2, 5000), process(3, 0)] });
    const now = sample(2000, { a: [process(1, 100, 2048)], b: [process(2, 6000), process(3, 500)], c: [process(4, 50)], d: [] });
    expect(usage(before, now).map(({ image, processes, percent, cpu, memory }) => [image, processes, percent, cpu, memory])).toEqual([
      ['b', 2, 75, 6500, 2048], ['c', 1, 2.5, 50, 1024], ['a', 1, 0, 100, 2048], ['d', 0, 0, 0, 0],
    ]);
  });

  it('of one process each, where that is asked', () => {
    const rows = usage(sample(0, { a: [process(1, 0), process(2, 10)] }), sample(1000, { a: [process(1, 0), process(2, 20)] }), true);
    expect(rows.map((row) => [row.process?.pid, row.percent])).toEqual([[2, 1], [1, 0]]);
  });

  it('is not told without a sample before; another process with the same number is another', () => {
    expect(usage(undefined, sample(5, { a: [process(1, 70)] }))[0]?.percent).toBeUndefined();
    expect(usage(sample(0, { a: [process(1, 900, 0, '1')] }), sample(1000, { a: [process(1, 50, 0, '2')] }))[0]?.percent).toBe(5);
  });

  it('is never negative, and adds up', () => {
    const images = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.array(fc.record({ pid: fc.nat(20), cpu: fc.nat(10_000), memory: fc.nat(1e9) }).map(({ pid, cpu, memory }) => process(pid, cpu, memory)), { maxLength: 4 }), { maxKeys: 4 });
    fc.assert(fc.property(images, images, (one, two) => {
      const rows = usage(sample(0, one), sample(1000, two));
      expect(rows.map(({ image }) => image).sort()).toEqual(Object.keys(two).sort());
      for (const { percent } of rows) expect(percent).toBeGreaterThanOrEqual(0);
      const all = Object.values(two).flat();
      expect(rows.reduce((sum, { cpu }) => sum + cpu, 0)).toBe(all.reduce((sum, { cpu }) => sum + cpu, 0));
      expect(usage(sample(0, one), sample(1000, two), true).length).toBe(all.length);
    }));
  });
});

it.each([[0, '0B'], [1023, '1023B'], [1024, '1.0K'], [10_188, '9.9K'], [10_200, '10K'], [37 * 2 ** 20, '37M'], [1.5 * 2 ** 30, '1.5G'], [3000 * 2 ** 40, '3000T']])('%d bytes are %s', (n, text) => {
  expect(bytes(n)).toBe(text);
});

it.each([[0, '0:00.00'], [1239, '0:01.23'], [61_050, '1:01.05'], [3_599_999, '59:59.99'], [7_509_000, '2:05:09']])('%d ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});
