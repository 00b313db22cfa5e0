import { VimageError } from '../errors.ts';
import { own } from './parse.ts';
import { normal, normalPairs, type NormalKeys } from './normal.ts';
import type { Tables } from './tables.ts';
import type { Pairs } from './pairs.ts';

/** Pairs in declared order, each value in its canonical form: equal images have equal pairs. Errors as parseImage. */
export function canonical(pairs: Pairs, tables: Tables): Pairs {
  return normalPairs(normal(pairs, tables, 'show'));
}

/**
 * What an image's pairs are after a `set`: each key of the change replaces the key of that section whole, lists too.
 * `name` in the change says which image is meant, and changes nothing. Errors as parseImage; EINVAL: a key for a shared section.
 */
export function mergePairs(old: Pairs, change: Pairs, tables: Tables): Pairs {
  const before = normal(old, tables, 'show');
  const after = normal(change, tables, 'set');
  const parts = new Map(before.sections);
  for (const [component, keys] of after.sections) {
    const had: NormalKeys = parts.get(component) ?? new Map();
    if (had.has('share') && keys.size > 0) {
      throw new VimageError('EINVAL', `"vir ${component}" is shared with image "${had.get('share')?.[0] ?? ''}", whose instance it is`, {
        subject: component,
        hint: 'set it on the image that made it',
      });
    }
    parts.set(component, overlay(had, keys));
  }
  const named = new Map(after.image);
  named.delete('name');
  return canonical(normalPairs({ image: overlay(before.image, named), sections: parts }), tables);
}

function overlay(old: NormalKeys, change: NormalKeys): NormalKeys {
  return new Map([...old, ...change]);
}

export interface KeyDifference {
  readonly key: string;
  /** Canonical values; absent where the key is not given. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
}

export interface SectionDifference {
  /** The component, or '' for the image's own parameters. */
  readonly component: string;
  /** Whether the section itself comes or goes; the image's own is only ever `changed`. */
  readonly kind: 'added' | 'removed' | 'changed';
  /** In declared order; `share` stands among them. */
  readonly keys: readonly KeyDifference[];
}

/** What differs between two images' pairs, by section; empty when they mean the same. Errors as parseImage. */
export function diffPairs(old: Pairs, next: Pairs, tables: Tables): readonly SectionDifference[] {
  const before = normal(old, tables, 'show');
  const after = normal(next, tables, 'show');
  const empty: NormalKeys = new Map();
  const differences: SectionDifference[] = [{ component: '', kind: 'changed', keys: diffKeys(before.image, after.image) }];
  for (const component of tables.components.keys()) {
    const had = before.sections.get(component);
    const has = after.sections.get(component);
    if (had === undefined && has === undefined) continue;
    const kind = had === undefined ? 'added' : has === undefined ? 'removed' : 'changed';
    differences.push({ component, kind, keys: diffKeys(had ?? empty, has ?? empty) });
  }
  return differences.filter(({ kind, keys }) => kind !== 'changed' || keys.length > 0);
}

/** What differs, by full names; `vir X` for a whole section. */
export function changedKeys({ component, kind, keys }: SectionDifference): readonly string[] {
  return kind === 'changed' ? keys.map(({ key }) => fullKey(component, key)) : [`vir ${component}`];
}

function fullKey(component: string, key: string): string {
  return component === '' ? key : `${component}.${key}`;
}

/** What of a difference can only be given at creation, by full names; `vir X` for a whole section. */
export function fixedKeys({ component, kind, keys }: SectionDifference, tables: Tables): readonly string[] {
  if (kind !== 'changed') return [`vir ${component}`];
  const table = component === '' ? tables.image : (tables.components.get(component) ?? {});
  const fixed = keys.filter(({ key }) => key === 'share' || (own(table, key)?.access !== 'rw' && !(component === '' && (key === 'name' || key === 'parent'))));
  return fixed.map(({ key }) => fullKey(component, key));
}

function diffKeys(old: NormalKeys, next: NormalKeys): readonly KeyDifference[] {
  return [...new Set([...old.keys(), ...next.keys()])].flatMap((key) => {
    const before = old.get(key);
    const after = next.get(key);
    if (before?.join('\0') === after?.join('\0')) return [];
    return [{ key, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
  });
}
