import type { Pairs, Stage } from '@vimage/core';

/** Noted before pid 1 is started, where no cgroup tells which it is. */
export const firstNote: Pairs = [['act', 'first']];

export function isFirst(entry: Pairs): boolean {
  return new Map(entry).get('act') === 'first';
}

/** What a change notes before it sets another limit: the one there was. */
function limitNote(max: number | undefined): Pairs {
  return [['act', 'max'], ['before', max === undefined ? 'none' : String(max)]];
}

/** The limit that such a note names; empty for another note. */
export function limitOf(entry: Pairs): readonly { readonly max: number | undefined }[] {
  const values = new Map(entry);
  if (values.get('act') !== 'max') return [];
  const before = values.get('before') ?? '';
  return [{ max: /^\d+$/.test(before) ? Number(before) : undefined }];
}

/** Notes the limit before a change in place of the last one's note, or nothing (no argument). */
export async function noteLimit(stage: Stage, before?: { readonly max: number | undefined }): Promise<void> {
  const others = (await stage.journalled('proc')).filter((entry) => limitOf(entry).length === 0);
  await stage.settle('proc', before === undefined ? others : [...others, limitNote(before.max)]);
}
