import type { Pairs, Stage, Substrate } from '@vimage/core';
import { linuxOf, type Bounded } from '@vimage/linux';
import { unlike, write, type Wanted } from './enforce.ts';
import { limited, vlimitParams, type Limited } from './params.ts';

/** What a change notes before it limits otherwise: what there was. */
export async function noteBefore(stage: Stage, before?: Wanted): Promise<void> {
  await stage.settle('limit', before === undefined ? [] : [notePairs(before)]);
}

export function notePairs(before: Wanted): Pairs {
  return [['act', 'set'], ...limited.flatMap((key) => (before[key] === undefined ? [] : [[key, String(before[key])] as const]))];
}

/** What such a note says. */
export function noted(entry: Pairs): Wanted {
  const values = new Map(entry);
  return Object.fromEntries(limited.flatMap((key) => {
    const text = values.get(key);
    return text === undefined ? [] : [[key, vlimitParams[key].type.parse(text)]];
  }));
}

/** Makes the limits those that a change found which was not finished. */
export function giveBack(entries: readonly Pairs[], name: string, serial: bigint, substrate: Substrate): readonly string[] {
  const [entry] = entries;
  if (entry === undefined) return [];
  const lx = linuxOf(substrate);
  const before = noted(entry);
  const places: Partial<Record<Limited, Bounded>> = {};
  for (const key of limited) {
    const at = lx.boundAt({ name, serial }, key);
    if (at !== undefined) places[key] = at;
  }
  write(lx, { name, serial }, places, unlike, before);
  return [`"${name}" is limited as before an unfinished change`];
}
