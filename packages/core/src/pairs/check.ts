import { VimageError, type ErrorCode } from '../errors.ts';
import { hasControl, hasLoneSurrogate, quote, utf8Length } from '../param/text.ts';
import { keyLimit, pairsLimit, valueLimit } from './limits.ts';
import type { Pairs } from './pairs.ts';

/** An error about the pair at `index`. */
export function pairError(code: ErrorCode, message: string, key: string, index: number, hint?: string, cause?: unknown): VimageError {
  return new VimageError(code, `${message} (pair ${index + 1})`, {
    subject: key,
    place: { pair: index },
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

const paramsHint = 'imgctl params lists the parameters there are';

/** Checks what holds for any pairs, whatever their keys mean. EINVAL, ENAMETOOLONG (a key), E2BIG (a value, or too many pairs). */
export function checkPairs(pairs: Pairs): void {
  if (pairs.length > pairsLimit) throw new VimageError('E2BIG', `${pairs.length} pairs are more than ${pairsLimit}`);
  for (const [index, pair] of pairs.entries()) {
    const [key, value]: readonly unknown[] = Array.isArray(pair) ? pair : [];
    if (typeof key !== 'string') throw pairError('EINVAL', 'a key is not a string', '', index);
    if (typeof value !== 'string') throw pairError('EINVAL', `${quote(key)} has no value`, key, index, `write: ${key} VALUE`);
    if (key === '') throw pairError('EINVAL', 'a key is empty', key, index, paramsHint);
    if (utf8Length(key) > keyLimit) throw pairError('ENAMETOOLONG', `the key ${quote(key)} is longer than ${keyLimit} bytes`, key, index, paramsHint);
    if (hasControl(key) || hasLoneSurrogate(key)) throw pairError('EINVAL', `the key ${quote(key)} holds a control byte`, key, index, paramsHint);
    if (utf8Length(value) > valueLimit) throw pairError('E2BIG', `the value of ${quote(key)} is longer than ${valueLimit} bytes`, key, index, 'is the end of a quoted text missing?');
    if (hasControl(value) || hasLoneSurrogate(value)) throw pairError('EINVAL', `the value of ${quote(key)} holds a control byte: ${quote(value)}`, key, index, 'write it without: NUL, line breaks and the like cannot be in a pair');
  }
}
