import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { VimageError } from '@vimage/core';
import type { IdMap } from './map.ts';

/** Where ranges are taken from: above those of systemd-nspawn(1), below 2^31, in steps of 2^16. */
const first = 0x7000_0000;
const end = 0x8000_0000;
const step = 0x1_0000;

/** Numbers that somebody has: [from, to). */
type Span = readonly [from: number, to: number];

/** The first number of `count` that no image, no user of this machine and no subordinate range (subuid(5)) has. ENOSPC. */
export function freeRange(count: number, maps: readonly IdMap[], others: readonly Span[] = known()): number {
  const taken = [...others, ...maps.flat().map(({ outside, count: n }): Span => [outside, outside + n])].sort(([a], [b]) => a - b);
  let at = first;
  for (const [from, to] of taken) {
    if (to <= at) continue;
    if (from >= at + count) break;
    at = Math.ceil(to / step) * step;
  }
  if (at + count > end) {
    throw new VimageError('ENOSPC', `there are no ${count} free numbers for the users of an image`, { subject: 'range', hint: 'destroy images, or ask for less; uid and gid say which numbers to take' });
  }
  return at;
}

/** Above all that {@link freeRange} gives, and below what nobody may be. */
const passingEnd = 0xffff_0000;
let slot = randomInt((passingEnd - end) / step);

/**
 * Numbers for an image that there is for one command: they are written down nowhere, so that they are not those of another only as nobody
 * else takes from there one by one, each process from a place of its own. ENOSPC.
 */
export function passing(count: number): number {
  const slots = Math.ceil(count / step);
  const all = (passingEnd - end) / step;
  if (slots > all / 4) throw new VimageError('ENOSPC', `there are no ${count} numbers for the users of an image that passes`, { subject: 'range', hint: 'uid and gid say which numbers to take' });
  if (slot + slots > all) slot = 0;
  const at = end + slot * step;
  slot += slots;
  return at;
}

function known(): readonly Span[] {
  const lines = (path: string): readonly string[] => {
    try {
      return readFileSync(path, 'latin1').split('\n');
    } catch {
      return [];
    }
  };
  const ranges = ['/etc/subuid', '/etc/subgid'].flatMap(lines).flatMap((line): Span[] => {
    const [, from, count] = /^[^:]*:(\d+):(\d+)$/.exec(line) ?? [];
    return from === undefined || count === undefined ? [] : [[Number(from), Number(from) + Number(count)]];
  });
  const ids = ['/etc/passwd', '/etc/group'].flatMap(lines).flatMap((line): Span[] => {
    const id = Number(line.split(':')[2] ?? NaN);
    return Number.isInteger(id) ? [[id, id + 1]] : [];
  });
  return [...ranges, ...ids];
}
