import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, VimageError } from '@vimage/core';

/** Paths that one pattern may fit. */
const limit = 4096;

export function hasMagic(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/** The paths that a pattern fits, as glob(3): sorted, those that begin with a dot only where the pattern does. E2BIG: more than 4096. */
export function glob(pattern: string): readonly string[] {
  let paths: string[] = [pattern.startsWith('/') ? '/' : '.'];
  for (const part of pattern.split('/').filter((each) => each !== '')) {
    paths = hasMagic(part) ? paths.flatMap((path) => entries(path).filter((name) => fits(name, part)).map((name) => join(path, name))) : paths.map((path) => join(path, part));
    if (paths.length > limit) throw new VimageError('E2BIG', `more than ${limit} files fit "${pattern}"`, { subject: pattern, hint: 'name fewer' });
  }
  return paths;
}

/** A directory that is none, or none that may be read, has no entries, as for glob(3). */
function entries(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(cause) ?? '')) return [];
    throw new VimageError(codeOf(cause) ?? 'EIO', `cannot read "${path}"`, { subject: path, cause });
  }
}

/** fnmatch(3) of one name: `*`, `?`, `[abc]`, `[!a-z]`. Each star is given up for the next one, so no pattern takes long. */
export function fits(name: string, pattern: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  let [at, p] = [0, 0];
  let star: { readonly at: number; readonly p: number } | undefined;
  while (at < name.length || p < pattern.length) {
    if (pattern[p] === '*') {
      star = { at, p };
      p++;
      continue;
    }
    const next = at < name.length ? one(name[at] ?? '', pattern, p) : undefined;
    if (next !== undefined) {
      p = next;
      at++;
    } else if (star !== undefined && star.at < name.length) {
      at = star.at + 1;
      p = star.p + 1;
      star = { at, p: star.p };
    } else {
      return false;
    }
  }
  return true;
}

/** Where the pattern goes on after it fits one character, or undefined. */
function one(char: string, pattern: string, p: number): number | undefined {
  const sign = pattern[p];
  if (sign === '?') return p + 1;
  const end = sign === '[' ? pattern.indexOf(']', p + (/[!^]/.test(pattern[p + 1] ?? '') ? 3 : 2)) : -1;
  if (end < 0) return sign === char ? p + 1 : undefined;
  const negated = /[!^]/.test(pattern[p + 1] ?? '');
  const set = pattern.slice(p + (negated ? 2 : 1), end);
  return inSet(char, set) === negated ? undefined : end + 1;
}

function inSet(char: string, set: string): boolean {
  for (let i = 0; i < set.length; i++) {
    const [from = '', dash, to] = set.slice(i, i + 3);
    if (dash === '-' && to !== undefined) {
      if (from <= char && char <= to) return true;
      i += 2;
    } else if (from === char) {
      return true;
    }
  }
  return false;
}
