import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cpuWrites, quotaOf } from '../src/cpu.ts';

/** The v1 cpu hierarchy as the kernel has it (tg_cfs_schedulable_down): no cgroup is given more than the one above it has, by its own quota or from above. */
class Hierarchy {
  readonly quotas = new Map<string, number>();

  #above(dir: string): number {
    const up = dir.slice(0, dir.lastIndexOf('/'));
    return up === '' ? Infinity : (this.quotas.get(up) ?? this.#above(up));
  }

  write(dir: string, quota: number | undefined): void {
    const before = this.quotas.get(dir);
    if (quota === undefined) this.quotas.delete(dir);
    else this.quotas.set(dir, quota);
    for (const [each, own] of this.quotas) {
      if (own <= this.#above(each)) continue;
      if (before === undefined) this.quotas.delete(dir);
      else this.quotas.set(dir, before);
      throw new Error(`EINVAL: ${dir} ${quota}: ${each} has ${own}`);
    }
  }
}

const dirs = ['/1', '/1/2', '/1/2/3', '/1/4', '/1/4/5/6', '/7', '/17'];
const change = fc.record({ dir: fc.constantFrom(...dirs), cpus: fc.option(fc.integer({ min: 1, max: 400 }).map((n) => n / 100), { nil: undefined }) });

test('whatever is changed, the kernel takes every write, and each has the least of what it and those around it ask', () => {
  fc.assert(fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
    const kernel = new Hierarchy();
    const asks = new Map<string, number>();
    for (const { dir, cpus } of changes) {
      for (const { dir: at, quota } of cpuWrites(dir, cpus, asks, (each) => kernel.quotas.get(each))) kernel.write(at, quota);
      if (cpus === undefined) asks.delete(dir);
      else asks.set(dir, cpus);
      const held = [...asks.keys()].map((at) => [at, Math.min(...[...asks].filter(([above]) => at === above || at.startsWith(`${above}/`)).map(([, n]) => quotaOf(n)))] as const);
      expect(new Map(kernel.quotas)).toEqual(new Map(held));
    }
  }), { numRuns: 500 });
});

test('what is as it should be is not written', () => {
  expect(cpuWrites('/1', 1.5, new Map([['/1/2', 1], ['/7', 3]]), (dir) => (dir === '/1' ? 150_000 : 100_000))).toEqual([]);
});
