/** Microseconds in which the CPU time that is asked for has to do: the kernel's own default. */
export const period = 100_000;

/** The CPU time of so many CPUs in a period, in microseconds; the kernel takes no less than 1000. */
export function quotaOf(cpus: number): number {
  return Math.max(1000, Math.round(cpus * period));
}

/** One directory and the quota that it is to have; undefined: none of its own. */
export interface CpuWrite {
  readonly dir: string;
  readonly quota: number | undefined;
}

function isBelow(dir: string, above: string): boolean {
  return dir === above || dir.startsWith(`${above}/`);
}

/**
 * What has to be written, in this order, so that a directory of the v1 cpu hierarchy has `asked` CPUs, and those below it what they ask
 * (`others`), none more than what is around it: where a cgroup has more than the one above it the kernel refuses, unlike on v2. So what is to
 * have less is written from the inside out, and what is to have more from the outside in. `now`: the quota of a directory, as it is.
 */
export function cpuWrites(dir: string, asked: number | undefined, others: ReadonlyMap<string, number>, now: (dir: string) => number | undefined): readonly CpuWrite[] {
  const asks = new Map(others);
  if (asked === undefined) asks.delete(dir);
  else asks.set(dir, asked);
  const held = (at: string): number | undefined => {
    const around = [...asks].flatMap(([above, cpus]) => (isBelow(at, above) ? [quotaOf(cpus)] : []));
    return asks.has(at) ? Math.min(...around) : undefined;
  };
  const changed = [...new Set([dir, ...asks.keys()])].filter((each) => isBelow(each, dir)).sort((a, b) => a.length - b.length)
    .map((each) => ({ dir: each, quota: held(each), before: now(each) }));
  const less = changed.filter(({ quota, before }) => quota !== undefined && quota < (before ?? Infinity)).reverse();
  const more = changed.filter(({ quota, before }) => before !== undefined && before < (quota ?? Infinity));
  return [...less, ...more].map((each) => ({ dir: each.dir, quota: each.quota }));
}
