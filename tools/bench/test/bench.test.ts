import { readFileSync, readdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { alternate } from '../src/harness/alternate.mjs';
import { atLeast, atMost, faster } from '../src/harness/bound.mjs';
import { Missing, program } from '../src/harness/machine.mjs';
import { measure } from '../src/harness/run.mjs';
import { median, pairedRatios, quantile, summary } from '../src/harness/stats.mjs';
import { markdown, rewriteReadme } from '../src/harness/table.mjs';
import slots from '../src/scenario/slots.mjs';
import { scenarios } from '../src/scenarios.mjs';

describe('statistics', () => {
  test('quantiles lie between the values, and order does not matter', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([0, 10], 0.75)).toBe(7.5);
    expect(() => median([])).toThrow(RangeError);
  });

  test('the ratio is the median of the rounds, not the ratio of medians', () => {
    // A round in which the whole machine was slow counts as any other.
    const ratios = pairedRatios([2, 2000, 6], [1, 1000, 2]);
    expect(ratios).toEqual([2, 2, 3]);
    expect(summary(ratios)).toEqual({ median: 2, q1: 2, q3: 2.5, rounds: 3 });
  });

  test('rounds that do not pair, and costs that cannot be, are refused', () => {
    expect(() => pairedRatios([1], [1, 2])).toThrow(RangeError);
    expect(() => pairedRatios([0], [1])).toThrow('round 0');
    expect(() => pairedRatios([1], [Number.NaN])).toThrow('round 0');
  });

  test('each kind of bound has its ratio the right way up', () => {
    const ours = [2, 2, 2];
    const theirs = [4, 4, 4];
    const judge = (bound: ReturnType<typeof atMost>): { median: number; reached: boolean } => bound.judge(bound.ratios(ours, theirs));
    expect(judge(atMost(0.5))).toMatchObject({ median: 0.5, reached: true });
    expect(judge(atMost(0.4))).toMatchObject({ reached: false });
    expect(judge(faster(2))).toMatchObject({ median: 2, reached: true });
    expect(judge(faster(2.1))).toMatchObject({ reached: false });
    expect(judge(atLeast(0.97))).toMatchObject({ median: 0.5, reached: false });
    const same = faster(1);
    expect(same.judge(same.ratios([1], [1])).reached).toBe(false);
  });
});

describe('the harness', () => {
  test('sides alternate strictly, and warm-up is not counted', async () => {
    const order: string[] = [];
    const side = (name: string) => () => order.push(name);
    const costs = await alternate({ a: side('a'), b: side('b') }, { rounds: 2, warmup: 1 });
    expect(order.join('')).toBe('ababab');
    expect(costs).toEqual({ a: [3, 5], b: [4, 6] });
  });

  test('a side that measures nothing, or fails, ends it', async () => {
    await expect(alternate({ a: () => 0 }, { rounds: 1 })).rejects.toThrow('measured 0');
    await expect(alternate({ a: () => Promise.reject(new Error('exit status 1')) }, { rounds: 1 })).rejects.toThrow('exit status 1');
  });

  const made = (run: () => object): Parameters<typeof measure>[0] => ({
    name: 'made', rounds: 3, rows: { one: { what: 'ours', against: 'theirs', bound: atMost(2), why: 'because' } }, run,
  });

  test('a missing peer is a row, an error is an error', async () => {
    const missing = await measure(made(() => ({ one: new Missing('not installed: apt-get install peer') })));
    expect(markdown(missing)).toContain('not installed: apt-get install peer');
    expect(await measure(made(() => { throw new Missing('not here'); }))).toMatchObject([{ missing: 'not here' }]);
    await expect(measure(made(() => { throw new Error('wrong'); }))).rejects.toThrow('wrong');
    await expect(measure(made(() => ({})))).rejects.toThrow('nothing was measured');
  });

  test('the table says why only where a bound is missed, and no absolute time', async () => {
    const good = markdown(await measure(made(() => ({ one: [[3, 3, 3], [2, 2, 2]] }))));
    expect(good).toContain('| ours | theirs | ≤ 2 × | 1.50 × (1.50–1.50) | yes |  |');
    const bad = markdown(await measure(made(() => ({ one: [[5, 5, 5], [2, 2, 2]] }))));
    expect(bad).toContain('| 2.50 × (2.50–2.50) | no | because |');
    expect(good + bad).not.toMatch(/\d (?:ns|µs|us|ms|s)\b/);
  });

  test('README: only what is between the markers changes; without a file nothing is made', () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'bench-'));
    try {
      const file = path.join(dir, 'README.md');
      expect(rewriteReadme(file, 'T')).toContain('does not exist');
      expect(readdirSync(dir)).toEqual([]);
      writeFileSync(file, 'a\n<!-- bench -->\nold\n<!-- /bench -->\nb\n');
      rewriteReadme(file, 'T');
      rewriteReadme(file, 'U');
      expect(readFileSync(file, 'utf8')).toBe('a\n<!-- bench -->\nU\n<!-- /bench -->\nb\n');
      writeFileSync(file, 'no markers');
      expect(rewriteReadme(file, 'T')).toContain('nothing written');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test('a program that is not there says how to get it', () => {
    expect(() => program('no-such-program')).toThrow(Missing);
    expect(program('sh')).toMatch(/^\//);
  });
});

describe('the table', () => {
  test('has every figure that was promised, with its bound', () => {
    const promised = [
      ['floor', '≤ 2 ×'],
      ['ip-netns', '≥ 3 × faster'],
      ['spawn-effective', '≤ 1.15 ×'],
      ['spawn-living', '≤ 1.6 ×', '≥ 1.3 × faster', '≥ 2.5 × faster'],
      ['imgexec', '≤ 1.1 ×', '≥ 2 × faster', 'faster'],
      ['box-living', '≤ 2 ×', '≥ 2 × faster'],
      ['box-once', 'faster', 'faster', 'faster'],
      ['box-crowd', '≤ 1 ×'],
      ['box-imgexec', '≥ 2 × faster', '≥ 2 × faster', '≥ 2 × faster'],
      ['sandbox-runtime', '≥ 5 × faster', '≥ 5 × faster', '≥ 5 × faster', '≤ 1.2 ×', '≥ 5 × faster'],
      ['lab', '≤ 1.5 ×', '≤ 1.5 ×', '≥ 8 × faster'],
      ['scale', '≤ 1.1 ×'],
      ['bystander', '≤ 1.1 ×'],
      ['slots', '≤ 1.2 ×', '≤ 1.2 ×', '≤ 1.2 ×', '≤ 1.1 ×', 'faster', '≤ 1.1 ×'],
      ['throughput', '≥ 0.97'],
      ['node-http', '≥ 0.95', '≥ 0.98'],
      ['node-many', 'faster', 'faster'],
    ];
    expect(scenarios.map(({ name, rows }) => [name, ...Object.values(rows).map(({ bound }) => bound.text)])).toEqual(promised);
  });

  test('has every scenario that there is a file of', () => {
    const files = readdirSync(new URL('../src/scenario/', import.meta.url)).map((file) => path.basename(file, '.mjs'));
    expect(files.sort()).toEqual(scenarios.map(({ name }) => name).sort());
  });
});

describe('reads', () => {
  // Twice the bound where two things should cost the same: what fails here is no noise, but a slot behind a Map, say. A walk is
  // several times slower than a mask, so that "faster" needs no slack.
  test('cimg, a slot and isInside cost what they should', async () => {
    const results = await measure(slots, 25);
    expect(results).toHaveLength(6);
    for (const { what, against, bound, ...found } of results) {
      const { measured } = 'measured' in found ? found : expect.fail(`${what}: nothing was measured`);
      if (bound.kind === 'faster') expect(measured.median, `${what} against ${against}`).toBeGreaterThan(bound.limit);
      else expect(measured.median, `${what} against ${against}`).toBeLessThan(bound.limit * 2);
    }
  }, 120_000);
});
