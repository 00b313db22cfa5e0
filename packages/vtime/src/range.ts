import { VimageError } from '@vimage/core';
import type { Clocks } from '@vimage/linux';

export type Clock = keyof Clocks;

/** One item of `offset`. */
export interface Offset {
  readonly key: Clock;
  readonly value: bigint;
}

const second = 1_000_000_000n;

/** How far a clock may go, in nanoseconds: half of what ktime_t holds (timens_offsets of the kernel takes no more). */
export const reach: bigint = 4_611_686_018n * second;

/** EEXIST: a clock has two offsets. */
export function checkTwice(offsets: readonly Offset[]): void {
  const keys = offsets.map(({ key }) => key);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined) throw new VimageError('EEXIST', `offset is given twice for "${twice}"`, { subject: 'offset', hint: 'give each clock one' });
}

/**
 * Clocks with these offsets added. `now`: what they are without, for an image that is made. ERANGE names the clock, what it is and how far it may go.
 */
export function ahead(around: Clocks, offsets: readonly Offset[], now: Clocks): Clocks {
  const sums: Record<Clock, bigint> = { ...around };
  for (const { key, value } of offsets) {
    const at = now[key] + around[key];
    sums[key] = around[key] + value;
    if (at + value < 0n) throw outside(key, at, `which must not become negative: no less than -${at / second}s`);
    if (at + value >= reach + second) throw outside(key, at, `and the kernel ends it at ${reach / second}s: no more than +${(reach - at) / second}s`);
  }
  return sums;
}

function outside(clock: Clock, at: bigint, bound: string): VimageError {
  return new VimageError('ERANGE', `offset ${clock}: the clock is at ${at / second}s where the image is made, ${bound}`, {
    subject: clock, hint: clock === 'boottime' ? 'uptime says how long the machine is up' : 'it begins with the start of the machine, as boottime does, and stands while that sleeps',
  });
}
