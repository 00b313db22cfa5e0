import { readFileSync } from 'node:fs';
import { VimageError, codeOf } from '@vimage/core';
import { timeWith } from './away.ts';
import type { Namespace } from './ns.ts';
import { ifThere } from './sys/file.ts';

/** The clocks that a time namespace has of its own: CLOCK_MONOTONIC and CLOCK_BOOTTIME, which is the uptime. */
export const clockNames = ['monotonic', 'boottime'] as const;

/** Times of the two clocks, or what is to be added to them, in nanoseconds. */
export type Clocks = Readonly<Record<(typeof clockNames)[number], bigint>>;

const second = 1_000_000_000n;

/** What is added to the machine's clocks for this process; undefined: the kernel has no time namespaces. */
export function ownOffsets(): Clocks | undefined {
  const text = ifThere(() => readFileSync('/proc/self/timens_offsets', 'latin1'));
  if (text === undefined) return undefined;
  const found = new Map([...text.matchAll(/^(\w+)\s+(-?\d+)\s+(\d+)$/gm)].map(([, clock = '', seconds = '', rest = '']) => [clock, BigInt(seconds) * second + BigInt(rest)]));
  return { monotonic: found.get('monotonic') ?? 0n, boottime: found.get('boottime') ?? 0n };
}

/** The machine's clocks now, as they are without any offset. */
export function clocks(): Clocks {
  const own = ownOffsets();
  const [, whole = '0', hundredths = '0'] = /^(\d+)\.(\d{2}) /.exec(readFileSync('/proc/uptime', 'latin1')) ?? [];
  return {
    monotonic: process.hrtime.bigint() - (own?.monotonic ?? 0n),
    boottime: BigInt(whole + hundredths) * 10_000_000n - (own?.boottime ?? 0n),
  };
}

/** As timens_offsets of proc(5) takes them, but those that whoever makes the namespace has already. The nanoseconds are always added. */
export function offsetLines(offsets: Clocks, own: Clocks): string {
  return clockNames.filter((clock) => offsets[clock] !== own[clock]).map((clock) => {
    const rest = ((offsets[clock] % second) + second) % second;
    return `${clock} ${(offsets[clock] - rest) / second} ${rest}\n`;
  }).join('');
}

/**
 * Makes a time namespace (time_namespaces(7)) whose clocks are so much ahead of the machine's; it lives as long as it is open or pinned. `users`: the user namespace
 * whose root is to be root of it. ERANGE: a clock would be negative, or too far. EOPNOTSUPP: the kernel has none. EPERM.
 */
export function newTime(offsets: Clocks, users?: Namespace): Namespace {
  const own = ownOffsets();
  if (own === undefined) throw lacking();
  const lines = offsetLines(offsets, own);
  try {
    return timeWith(lines, users);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EINVAL') throw lacking(error);
    if (code === 'ERANGE') {
      throw new VimageError('ERANGE', `a clock would be negative, or beyond what the kernel takes: ${lines.trim().replaceAll('\n', ', ')}`, { hint: 'give an offset nearer to 0', cause: error });
    }
    if (code !== 'EPERM') throw error;
    const rights = lines === '' ? 'CAP_SYS_ADMIN' : 'CAP_SYS_ADMIN, and CAP_SYS_TIME for other offsets than our own';
    throw new VimageError('EPERM', 'a time namespace cannot be made: the rights to are missing', { hint: `it takes ${rights}, or "vir user", or imgctl run without root`, cause: error });
  }
}

function lacking(cause?: unknown): VimageError {
  return new VimageError('EOPNOTSUPP', 'this kernel has no time namespaces', { hint: 'it takes Linux 5.6 or newer, built with CONFIG_TIME_NS', cause });
}
