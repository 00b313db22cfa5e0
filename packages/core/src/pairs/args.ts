import { VimageError } from '../errors.ts';
import { quote } from '../param/text.ts';
import type { Pair, Pairs } from './pairs.ts';

/**
 * Command-line words as pairs. Where a key is due, a word with `=` is `key=value`, split at the first `=`; any other word is
 * the key, and the next word, whole, its value. EINVAL: an empty key, or a last key without value.
 */
export function parseArgs(tokens: readonly string[]): Pairs {
  const pairs: Pair[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? '';
    const place = { pair: pairs.length };
    const at = token.indexOf('=');
    const key = at < 0 ? token : token.slice(0, at);
    if (key === '') {
      throw new VimageError('EINVAL', `expected a key or key=value, not ${quote(token)} (word ${i + 1})`, { subject: token, place });
    }
    if (at >= 0) {
      pairs.push([key, token.slice(at + 1)]);
      continue;
    }
    const value = tokens[++i];
    if (value === undefined) {
      throw new VimageError('EINVAL', `${quote(key)} (word ${i}) has no value`, { subject: key, hint: key === 'vir' ? 'write: vir COMPONENT' : `write: ${key} VALUE, or ${key}=VALUE`, place });
    }
    pairs.push([key, value]);
  }
  return pairs;
}

/** Pairs as command-line words, key and value in turn. EINVAL: a key that is empty or holds `=`. */
export function printArgs(pairs: Pairs): readonly string[] {
  for (const [index, [key]] of pairs.entries()) {
    if (key === '' || key.includes('=')) {
      throw new VimageError('EINVAL', `the key ${quote(key)} cannot stand on a command line`, { subject: key, place: { pair: index } });
    }
  }
  return pairs.flat();
}
