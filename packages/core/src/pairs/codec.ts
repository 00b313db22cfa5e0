import { VimageError } from '../errors.ts';
import { hasLoneSurrogate, quote, utf8Bytes } from '../param/text.ts';
import { encodedLimit, pairsLimit } from './limits.ts';
import type { Pair, Pairs } from './pairs.ts';

declare const TextDecoder: new (label: string, options: { readonly fatal: boolean; readonly ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string };

/**
 * Pairs as bytes: NUL-terminated strings of UTF-8, key and value in turn (docs/plan-format.md).
 * EINVAL: an empty key, a NUL, text that UTF-8 cannot carry. E2BIG: over 4096 pairs or 1 MiB.
 */
export function encodePairs(pairs: Pairs): Uint8Array {
  if (pairs.length > pairsLimit) throw new VimageError('E2BIG', `${pairs.length} pairs are more than ${pairsLimit}`);
  for (const [index, [key, value]] of pairs.entries()) {
    const place = { pair: index };
    if (key === '') throw new VimageError('EINVAL', 'a pair has an empty key', { place });
    for (const text of [key, value]) {
      if (text.includes('\0')) throw new VimageError('EINVAL', `${quote(key)} holds a NUL`, { subject: key, place });
      if (hasLoneSurrogate(text)) throw new VimageError('EINVAL', `${quote(key)} is not Unicode text`, { subject: key, place });
    }
  }
  const bytes = utf8Bytes(pairs.map(([key, value]) => `${key}\0${value}\0`).join(''));
  if (bytes.length > encodedLimit) throw new VimageError('E2BIG', `${bytes.length} bytes of pairs are more than ${encodedLimit}`);
  return bytes;
}

/** Reads what {@link encodePairs} wrote; total on any bytes. EBADMSG: anything else. */
export function decodePairs(bytes: Uint8Array): Pairs {
  const bad = (why: string, pair?: number): VimageError =>
    new VimageError('EBADMSG', `damaged pairs: ${why}`, pair === undefined ? {} : { place: { pair } });
  if (bytes.length === 0) return [];
  if (bytes.length > encodedLimit) throw bad(`${bytes.length} bytes are more than ${encodedLimit}`);
  if (bytes[bytes.length - 1] !== 0) throw bad('they do not end in NUL');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new VimageError('EBADMSG', 'damaged pairs: not UTF-8', { cause });
  }
  const strings = text.slice(0, -1).split('\0');
  if (strings.length % 2 !== 0) throw bad('a key has no value', (strings.length - 1) / 2);
  if (strings.length / 2 > pairsLimit) throw bad(`${strings.length / 2} pairs are more than ${pairsLimit}`);
  const pairs: Pair[] = [];
  for (let i = 0; i < strings.length; i += 2) {
    const [key = '', value = ''] = strings.slice(i, i + 2);
    if (key === '') throw bad('an empty key', i / 2);
    pairs.push([key, value]);
  }
  return pairs;
}
