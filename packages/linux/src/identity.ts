import type { Pair, Pairs } from '@vimage/core';
import type { Namespace } from './ns.ts';

/** By what a namespace is known again. */
export type Identity = Pick<Namespace, 'ino' | 'id'>;

/** An identity as pairs of a plan, a journal or the registry. */
export function identityPairs({ ino, id }: Identity): readonly Pair[] {
  return [['ino', String(ino)], ...(id === undefined ? [] : [['id', String(id)] as const])];
}

/** What {@link identityPairs} wrote; undefined where it is damaged. */
export function identityOf(saved: Pairs): Identity | undefined {
  const values = new Map(saved);
  const [ino = '', id] = [values.get('ino'), values.get('id')];
  if (![ino, id ?? '0'].every((text) => /^\d{1,20}$/.test(text))) return undefined;
  return { ino: BigInt(ino), id: id === undefined ? undefined : BigInt(id) };
}
