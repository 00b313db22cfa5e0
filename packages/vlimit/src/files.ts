import { existsSync, readFileSync } from 'node:fs';
import { VimageError, codeOf } from '@vimage/core';
import { onesIn, poke, type Bounded } from '@vimage/linux';
import { cpuWrites, period, quotaOf } from './cpu.ts';

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'EOPNOTSUPP'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** A whole number that a file of a cgroup holds; undefined where there is none, or no such file. */
function number(path: string): number | undefined {
  const text = read(path);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * Limits memory and swap together: v1 to `bytes` in all; v2, which counts them apart, to `bytes` of memory and no swap. Undefined: no limit.
 * False: the kernel does not count swap, and memory only is limited. EBUSY (v1): more is in use, and cannot be freed.
 */
export function writeMemory({ dir, kind }: Bounded, bytes: number | undefined): boolean {
  if (kind === 'v2') {
    poke(`${dir}/memory.max`, bytes === undefined ? 'max' : String(bytes));
    const swap = `${dir}/memory.swap.max`;
    if (existsSync(swap)) poke(swap, bytes === undefined ? 'max' : '0');
    return existsSync(swap);
  }
  const files = [`${dir}/memory.limit_in_bytes`, `${dir}/memory.memsw.limit_in_bytes`].filter((path) => existsSync(path));
  const now = number(`${dir}/memory.limit_in_bytes`) ?? Infinity;
  // With swap is never less than without.
  const order = bytes === undefined || bytes > now ? [...files].reverse() : files;
  try {
    for (const path of order) poke(path, bytes === undefined ? '-1' : String(bytes));
  } catch (error) {
    if (codeOf(error) !== 'EBUSY') throw error;
    throw new VimageError('EBUSY', `memory cannot be limited to ${bytes ?? 'any'} bytes: ${memoryUsed({ dir, kind }) ?? 'more'} are in use, and the kernel could not free enough`, {
      subject: 'memory', hint: 'end some of what runs there first (imgctl ps lists it), or ask for more', cause: error,
    });
  }
  return files.length > 1;
}

/** Limits CPU time to that of so many CPUs; undefined: no limit. `others`: what each directory of the v1 hierarchy is to have, see {@link cpuWrites}. */
export function writeCpu({ dir, kind }: Bounded, cpus: number | undefined, others: () => ReadonlyMap<string, number>): void {
  if (kind === 'v2') {
    poke(`${dir}/cpu.max`, `${cpus === undefined ? 'max' : quotaOf(cpus)} ${period}`);
    return;
  }
  const there = new Map([...others()].filter(([each]) => existsSync(each)));
  for (const { dir: at, quota } of cpuWrites(dir, cpus, there, (each) => number(`${each}/cpu.cfs_quota_us`))) {
    if (number(`${at}/cpu.cfs_period_us`) !== period) poke(`${at}/cpu.cfs_period_us`, String(period));
    poke(`${at}/cpu.cfs_quota_us`, String(quota ?? -1));
  }
}

/** Bytes of memory in use. */
export function memoryUsed({ dir, kind }: Bounded): number | undefined {
  return number(`${dir}/memory.${kind === 'v1' ? 'usage_in_bytes' : 'current'}`);
}

/** Processes and threads that there are, the image's pid 1s not among them. */
export function pidsUsed(at: Bounded): number | undefined {
  const all = number(`${at.dir}/pids.current`);
  return all === undefined ? undefined : Math.max(0, all - onesIn(at));
}

/** Milliseconds of CPU time used, by those too that have ended. */
export function cpuUsed({ dir, kind }: Bounded): number | undefined {
  const micros = kind === 'v2' ? Number(/^usage_usec (\d+)$/m.exec(read(`${dir}/cpu.stat`) ?? '')?.[1] ?? NaN) : (number(`${dir}/cpuacct.usage`) ?? NaN) / 1000;
  return Number.isNaN(micros) ? undefined : Math.floor(micros / 1000);
}
