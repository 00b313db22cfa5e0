import type { ParamTable } from '../param/param.ts';
import { canonicalTexts } from './list.ts';
import { parseImage, type PairsAccess } from './parse.ts';
import { sections } from './sections.ts';
import type { Tables } from './tables.ts';
import type { Pair, Pairs } from './pairs.ts';

/** Canonical texts by key, in declared order. */
export type NormalKeys = ReadonlyMap<string, readonly string[]>;

/** Pairs in their one normal form: keys of the image, then of each component, in declared order. */
export interface Normal {
  readonly image: NormalKeys;
  readonly sections: ReadonlyMap<string, NormalKeys>;
}

/** Checks pairs and brings them into normal form. Errors as {@link parseImage}. */
export function normal(pairs: Pairs, tables: Tables, access: PairsAccess): Normal {
  parseImage(pairs, tables, { access });
  const split = sections(pairs);
  const given = new Map(split.sections.map((section) => [section.component, section.pairs]));
  const result = new Map<string, NormalKeys>();
  for (const [component, table] of tables.components) {
    const part = given.get(component);
    if (part !== undefined) result.set(component, normalKeys(table, part));
  }
  return { image: normalKeys(tables.image, split.image), sections: result };
}

function normalKeys(table: ParamTable, pairs: Pairs): NormalKeys {
  const texts = new Map<string, string[]>();
  for (const [key, value] of pairs) {
    const values = texts.get(key);
    if (values === undefined) texts.set(key, [value]);
    else values.push(value);
  }
  const share = texts.get('share');
  if (share !== undefined) return new Map([['share', share]]);
  const keys = new Map<string, readonly string[]>();
  for (const [key, param] of Object.entries(table)) {
    const values = texts.get(key);
    if (values !== undefined) keys.set(key, canonicalTexts(param, values));
  }
  return keys;
}

/** Normal form as pairs. */
export function normalPairs({ image, sections: parts }: Normal): Pairs {
  return [...keyPairs(image), ...[...parts].flatMap(([component, keys]): Pair[] => [['vir', component], ...keyPairs(keys)])];
}

function keyPairs(keys: NormalKeys): Pair[] {
  return [...keys].flatMap(([key, values]) => values.map((value): Pair => [key, value]));
}
