import type { Pairs } from '@vimage/core';

/** What a change notes before it sets another limit: the one there was. */
export function limitNote(max: number | undefined): Pairs {
  return [['act', 'max'], ['before', max === undefined ? 'none' : String(max)]];
}

/** The limit that such a note names; empty for another note. */
export function limitOf(entry: Pairs): readonly { readonly max: number | undefined }[] {
  const values = new Map(entry);
  if (values.get('act') !== 'max') return [];
  const before = values.get('before') ?? '';
  return [{ max: /^\d+$/.test(before) ? Number(before) : undefined }];
}
