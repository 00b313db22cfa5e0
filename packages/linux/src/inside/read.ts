import { closeSync, constants, fstatSync, openSync, readSync, readdirSync } from 'node:fs';
import { VimageError, codeOf, decodePairs, sections, type InsideImage, type Pairs } from '@vimage/core';
import { openInRoot } from '../rooted/openat2.ts';
import { isSegment } from '../registry/paths.ts';
import type { Pinner } from '../pinner.ts';
import { close } from '../sys/libc.ts';

const { O_DIRECTORY, O_NONBLOCK, O_RDONLY } = constants;
/** Most images of one registry and of those inside it, and bytes of one's pairs, and of its plan, that are looked at. */
const most = 1000;
const largest = 1 << 16;
const largestPlan = 1 << 20;
/** Most names of one directory. */
const mostNames = 10_000;
/** Milliseconds after which what was made inside those that were made inside is not looked for any more: whoever owns it may be slow on purpose. */
const patience = 3000;

/** A registry of those who live in an image, open, and what has been found up to there. */
interface Seen {
  readonly root: number;
  /** The image's serial, and the pins' namespace of whoever made it, as `look` of the pinner has it. */
  readonly serial: bigint;
  readonly pins: number | undefined;
  readonly pinner: Pinner;
  readonly found: InsideImage[];
  readonly until: number;
}

/**
 * The images that were made inside one (`serial`), as the registry says that those have who live there (`path`): anything may stand in it. It is read by
 * descriptor, without leaving the directory, a bounded part of it, and only to be shown. What is no image is passed over.
 */
export function readInside(path: string, serial: bigint, pinner: Pinner): readonly InsideImage[] {
  const found: InsideImage[] = [];
  try {
    registry(path, '', { serial, pins: undefined, pinner, found, until: performance.now() + patience });
  } catch (error) {
    // Who keeps us waiting is not looked at further.
    if (codeOf(error) !== 'ETIMEDOUT') throw error;
  }
  return found;
}

function registry(path: string, prefix: string, seen: Omit<Seen, 'root'>): void {
  const root = openSync(path, O_RDONLY | O_DIRECTORY);
  try {
    level('.', prefix, { ...seen, root });
  } finally {
    closeSync(root);
  }
}

/** `at`: a directory that has `img`; `prefix`: the name of the image that it is of. */
function level(at: string, prefix: string, seen: Seen): void {
  const { root, found, pinner, until } = seen;
  for (const segment of names(root, `${at}/img`)) {
    const name = prefix === '' ? segment : `${prefix}.${segment}`;
    if (found.length >= most || !isSegment(segment) || name.length > 255) continue;
    const dir = `${at}/img/${segment}`;
    const pairs = pairsAt(root, `${dir}/pairs`, largest);
    if (pairs === undefined) continue;
    found.push({ name, pairs });
    level(dir, name, seen);
    const serial = mayHaveOwn(pairs) && performance.now() < until ? serialAt(root, `${dir}/plan`) : undefined;
    if (serial !== undefined) pinner.lookInside(seen.pins, seen.serial, serial, (path, pins) => { registry(path, name, { serial, pins, pinner, found, until }); });
  }
}

/** Whether images can be made inside an image, as its pairs have it; the number may be none. */
function mayHaveOwn(pairs: Pairs): boolean {
  return sections(pairs).image.some(([key, value]) => key === 'children.max' && value !== '0');
}

function serialAt(root: number, path: string): bigint | undefined {
  const serial = new Map(pairsAt(root, path, largestPlan)?.slice(0, 8)).get('serial');
  return serial !== undefined && /^\d{1,20}$/.test(serial) ? BigInt(serial) : undefined;
}

function names(root: number, path: string): readonly string[] {
  return opened(root, path, O_RDONLY | O_DIRECTORY, (fd) => readdirSync(`/proc/self/fd/${fd}`).sort().slice(0, mostNames)) ?? [];
}

function pairsAt(root: number, path: string, limit: number): Pairs | undefined {
  return opened(root, path, O_RDONLY | O_NONBLOCK, (fd) => {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > limit) return undefined;
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
    close(fd);
  }
}
