import { flagWord, parseArgs, parseImage, sections, VimageError, type Pairs } from '@vimage/core';
import type { Context } from './context.ts';
import { resolveHosts } from './resolve.ts';

/**
 * Words as the pairs of a new image or of a change, checked against every declaration before anything is booted.
 * Host names in values of type address are resolved here, in the caller's own network.
 */
export async function readPairs(cx: Context, words: readonly string[], access: 'create' | 'set'): Promise<Pairs> {
  if (access === 'create') teachForm(words);
  return checkPairs(cx, pairsOf(cx, words), access);
}

/** EINVAL of a component's name where a key was due says how it is asked for. */
function pairsOf(cx: Context, words: readonly string[]): Pairs {
  try {
    return parseArgs(words);
  } catch (error) {
    const named = error instanceof VimageError ? cx.discovery().found.find(({ component }) => component === error.subject)?.component : undefined;
    if (!(error instanceof VimageError) || named === undefined) throw error;
    throw new VimageError(error.code, error.message, { subject: named, hint: `write: vir ${named}`, cause: error });
  }
}

/** The same for pairs that a file holds. */
export async function checkPairs(cx: Context, given: Pairs, access: 'create' | 'set'): Promise<Pairs> {
  cx.pairs = given;
  const tables = await cx.tables(componentsOf(given));
  const pairs = await resolveHosts(given, tables);
  cx.pairs = pairs;
  parseImage(pairs, tables, { access });
  return pairs;
}

/** Names after `vir`, each once. */
export function componentsOf(pairs: Pairs): readonly string[] {
  return [...new Set(sections(pairs).sections.map((section) => section.component))];
}

/** `imgctl create web vir ...`: strings only, the first word is a key. */
function teachForm(words: readonly string[]): void {
  const [first, second] = words;
  if (first === undefined || first.includes('=') || first === 'vir') return;
  const odd = second === 'vir' || (second?.includes('=') ?? true);
  if (!odd || first === 'name') return;
  throw new VimageError('EUSAGE', `"${first}" has no value: an image is described by pairs, KEY VALUE or KEY=VALUE`, {
    subject: first,
    hint: `to name the image: imgctl create name ${[first, ...words.slice(1)].join(' ').slice(0, 200)}`,
  });
}

/** Adds a pair to the image's own, unless the key is given; before the first `vir`. */
export function withDefault(pairs: Pairs, key: string, value: string): Pairs {
  const { image } = sections(pairs);
  if (image.some(([given]) => given === key)) return pairs;
  return [...image, [key, value], ...pairs.slice(image.length)];
}

/** EINVAL: an image that ends with the process that holds it would end with this command. */
export function checkPersists(pairs: Pairs): void {
  const given = sections(pairs).image.find(([key]) => key === 'persist');
  if (given === undefined || flagWord(given[1]) !== false) return;
  throw new VimageError('EINVAL', 'persist false: the image would be gone with the end of this command', {
    subject: 'persist', hint: 'for an image that ends with a command: imgctl run ... -- COMMAND; else leave persist out, and imgctl destroy it',
  });
}
