import { VimageError } from '../errors.ts';
import { quote, utf8Length } from '../param/text.ts';
import type { Param, ValueOf } from '../param/param.ts';
import { valueLimit } from './limits.ts';

/** The items that the values of one repeatable key hold, in order; an empty value holds none. */
export function parseItems<T>(param: Param<T>, values: readonly string[]): T[] {
  return values.flatMap((value) => {
    if (value === '') return [];
    const texts = param.split ? value.split(',') : [value];
    if (texts.includes('')) throw new VimageError('EINVAL', `expected items separated by single commas, not ${quote(value)}`);
    return texts.map((text) => param.type.parse(text));
  });
}

/** Items as values: as few as hold them, each within the limit of a value. An empty list is one empty value. */
export function printItems<T>(param: Param<T>, items: readonly T[]): string[] {
  const values: string[] = [];
  let room = 0;
  for (const item of items) {
    const text = param.type.print(item);
    if (text === '') throw new VimageError('EINVAL', 'an item of a list cannot be empty');
    if (param.split && text.includes(',')) {
      throw new VimageError('EINVAL', `the item ${quote(text)} holds a comma, which separates items here`, { subject: text, hint: 'give an item without a comma' });
    }
    const size = utf8Length(text) + 1;
    if (param.split && size <= room) {
      values.push(`${values.pop() ?? ''},${text}`);
      room -= size;
    } else {
      values.push(text);
      room = valueLimit - size + 1;
    }
  }
  return values.length === 0 ? [''] : values;
}


/** One parameter's value from the texts given for it; single-valued ones have exactly one. */
export function parseTexts(param: Param, texts: readonly string[]): ValueOf<Param> {
  return param.multi ? parseItems(param, texts) : param.type.parse(texts[0] ?? '');
}

/** The canonical texts of one parameter's value. */
export function canonicalTexts(param: Param, texts: readonly string[]): readonly string[] {
  return param.multi ? printItems(param, parseItems(param, texts)) : [param.type.print(param.type.parse(texts[0] ?? ''))];
}
