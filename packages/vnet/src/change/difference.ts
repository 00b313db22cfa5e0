/** What of `after` is not in `before`, and the other way round; items are the same when their keys are. */
export function difference<T>(before: readonly T[], after: readonly T[], key: (item: T) => string): { readonly gone: readonly T[]; readonly come: readonly T[] } {
  const had = new Set(before.map(key));
  const has = new Set(after.map(key));
  return { gone: before.filter((item) => !has.has(key(item))), come: after.filter((item) => !had.has(key(item))) };
}
