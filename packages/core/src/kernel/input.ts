import { VimageError } from '../errors.ts';
import type { Pair, Pairs } from '../pairs/pairs.ts';
import { toPairs } from '../pairs/sugar.ts';
import type { Tables } from '../pairs/tables.ts';
import type { ChangeInput, ImageInput } from './types.ts';

/** Whatever form an image or a change was given in, as pairs. EINVAL when strings do not alternate key and value. */
export function inputPairs(input: ImageInput | ChangeInput, tables: Tables, access: 'create' | 'set'): Pairs {
  if (!isList(input)) return toPairs(input, tables, { access });
  if (input.length === 0) return [];
  if (isPairs(input)) return input;
  if (!input.every((item) => typeof item === 'string')) throw new VimageError('EINVAL', 'expected strings, or pairs of strings, not both');
  if (input.length % 2 !== 0) {
    const last = input.at(-1) ?? '';
    throw new VimageError('EINVAL', `"${last}" has no value: strings alternate key and value`, { subject: last });
  }
  const pairs: Pair[] = [];
  for (let i = 0; i < input.length; i += 2) pairs.push([input[i] ?? '', input[i + 1] ?? '']);
  return pairs;
}

function isList(input: ImageInput | ChangeInput): input is readonly string[] | Pairs {
  return Array.isArray(input);
}

function isPairs(input: readonly string[] | Pairs): input is Pairs {
  return input.every((item: unknown) => Array.isArray(item));
}
