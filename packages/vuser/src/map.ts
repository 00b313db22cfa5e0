import { VimageError } from '@vimage/core';

/** A run of ids: `count` of them, `inside` the user namespace and `outside` it, from these numbers on (user_namespaces(7)). */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

export type IdMap = readonly IdRange[];

/** The kernel's limit on lines of a map. */
const mostLines = 340;
const most = 0xffff_ffff;

/** As /proc/PID/uid_map has it. */
export function mapText(map: IdMap): string {
  return map.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('');
}

/** Reads {@link mapText}, or such a file. */
export function readMap(text: string): IdMap {
  return text.trim().split('\n').flatMap((line) => {
    const [inside, outside, count] = line.trim().split(/\s+/).map(Number);
    return inside === undefined || outside === undefined || count === undefined ? [] : [{ inside, outside, count }];
  });
}

/** Refuses what the kernel would: EINVAL names the range. */
export function checkMap(key: string, map: IdMap): void {
  if (map.length > mostLines) throw new VimageError('EINVAL', `${key}: ${map.length} ranges, expected at most ${mostLines}`, { subject: key });
  for (const side of ['inside', 'outside'] as const) {
    const sorted = [...map].sort((a, b) => a[side] - b[side]);
    for (const [i, range] of sorted.entries()) {
      if (range[side] + range.count > most) throw new VimageError('ERANGE', `${key}: ${shown(range)} goes beyond ${most - 1}`, { subject: key });
      const next = sorted[i + 1];
      if (next === undefined || range[side] + range.count <= next[side]) continue;
      throw new VimageError('EINVAL', `${key}: ${shown(range)} and ${shown(next)} have numbers ${side} in common`, { subject: key, hint: 'give each number once' });
    }
  }
}

/** Refuses numbers outside that whoever makes the image does not have himself: EPERM. */
export function checkWithin(key: string, map: IdMap, parent: IdMap): void {
  const bad = map.find((range) => !within(range, parent));
  if (bad === undefined) return;
  throw new VimageError('EPERM', `${key}: ${shown(bad)}: there are no such numbers where the image is made`, {
    subject: key, hint: `there are ${parent.map(({ inside, count }) => `${inside} to ${inside + count - 1}`).join(', ')}`,
  });
}

function within({ outside, count }: IdRange, parent: IdMap): boolean {
  let at = outside;
  for (const range of [...parent].sort((a, b) => a.inside - b.inside)) {
    if (at >= range.inside && at < range.inside + range.count) at = range.inside + range.count;
    if (at >= outside + count) return true;
  }
  return false;
}

function shown({ inside, outside, count }: IdRange): string {
  return `${inside}=${outside}${count === 1 ? '' : `:${count}`}`;
}

/** Whoever has all numbers: the machine itself. */
export function isWhole(map: IdMap): boolean {
  return map.length === 1 && map[0]?.inside === 0 && map[0].outside === 0 && map[0].count === most;
}

/** The number outside of 0 inside, or of the first that there is. */
export function rootOf(map: IdMap): { readonly inside: number; readonly outside: number } | undefined {
  const zero = map.find(({ inside }) => inside === 0);
  const first = zero ?? [...map].sort((a, b) => a.inside - b.inside)[0];
  return first === undefined ? undefined : { inside: first.inside, outside: first.outside };
}
