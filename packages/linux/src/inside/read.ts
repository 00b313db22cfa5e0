import { closeSync, constants, fstatSync, readSync, readdirSync } from 'node:fs';
import { VimageError, codeOf, decodePairs, type InsideImage, type Pairs } from '@vimage/core';
import { openInRoot } from '../rooted/openat2.ts';
import { insideDir, isSegment, registryInside } from '../registry/paths.ts';
import { openDir } from '../sys/dir.ts';

const { O_DIRECTORY, O_NONBLOCK, O_RDONLY } = constants;
/** Most images of one registry, and bytes of one's pairs, that are looked at. */
const most = 1000;
const largest = 1 << 16;
/** Most names of one directory. */
const mostNames = 10_000;

/**
 * The images that were made inside one, as the registry says that those have who live there: anything may stand in it. It is read by descriptor, without leaving
 * the directory, a bounded part of it, and only to be shown. What is no image is passed over.
 */
export function readInside(dir: string): readonly InsideImage[] {
  const root = openDir(registryInside(dir));
  if (root === undefined) return [];
  try {
    const found: InsideImage[] = [];
    level(root, '.', '', found);
    return found;
  } finally {
    closeSync(root);
  }
}

/** `at`: a directory that has `img`; `prefix`: the name of the image that it is of. */
function level(root: number, at: string, prefix: string, found: InsideImage[]): void {
  for (const segment of names(root, `${at}/img`)) {
    const name = prefix === '' ? segment : `${prefix}.${segment}`;
    if (found.length >= most || !isSegment(segment) || name.length > 255) continue;
    const dir = `${at}/img/${segment}`;
    const pairs = pairsAt(root, `${dir}/pairs`);
    if (pairs === undefined) continue;
    found.push({ name, pairs });
    level(root, dir, name, found);
    level(root, `${dir}/${insideDir}`, name, found);
  }
}

function names(root: number, path: string): readonly string[] {
  return opened(root, path, O_RDONLY | O_DIRECTORY, (fd) => readdirSync(`/proc/self/fd/${fd}`).sort().slice(0, mostNames)) ?? [];
}

function pairsAt(root: number, path: string): Pairs | undefined {
  return opened(root, path, O_RDONLY | O_NONBLOCK, (fd) => {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > largest) return undefined;
    const bytes = Buffer.alloc(Number(stat.size));
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    try {
      return decodePairs(bytes.subarray(0, length));
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      return undefined;
    }
  });
}

/** Undefined where it cannot be opened, for whatever reason: they may be changing it. */
function opened<T>(root: number, path: string, flags: number, fn: (fd: number) => T): T | undefined {
  let fd: number;
  try {
    fd = openInRoot(root, path, flags);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
  try {
    return fn(fd);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  } finally {
    closeSync(fd);
  }
}
