import { closeSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { codeOf } from '@vimage/core';
import { door } from '../door.ts';
import { openDir } from './dir.ts';
import { asSysError } from './error.ts';

/** In latin1 every byte is a character: names of files are any bytes. */
const bytewise = 'latin1';

/**
 * Removes a directory and all below it; fine when it is not there. Symbolic links are removed, not followed, whatever others put there meanwhile, and
 * it may be deeper than a path can say: what is below a directory in `path` is moved up into `path` before that is removed.
 *
 * ENOTEMPTY: somebody went on making things in it.
 */
export function removeTree(path: string): void {
  door('rmtree', () => {
    try {
      removeAt(Buffer.from(path));
    } catch (error) {
      throw asSysError(error, path);
    }
  });
}

function removeAt(path: Buffer): void {
  const top = openDir(path);
  if (top === undefined) {
    unlinkAt(path);
    return;
  }
  try {
    const prefix = `.~${randomBytes(8).toString('hex')}-`;
    const todo = namesIn(top);
    let moved = 0;
    const moveUp = (from: Buffer): void => {
      const name = `${prefix}${moved++}`;
      renameSync(from, at(top, name));
      todo.push(name);
    };
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) remove(at(top, name), moveUp);
  } finally {
    closeSync(top);
  }
  rmdirSync(path);
}

/** Removes what `path` is; directories in it that are not empty go elsewhere by `move`. */
function remove(path: Buffer, move: (from: Buffer) => void): void {
  if (removed(path)) return;
  const dir = openDir(path);
  if (dir !== undefined) {
    try {
      for (const name of namesIn(dir)) if (!removed(at(dir, name))) move(at(dir, name));
    } finally {
      closeSync(dir);
    }
  }
  rmdirSync(path);
}

/** False for a directory that is not empty. */
function removed(path: Buffer): boolean {
  try {
    unlinkAt(path);
    return true;
  } catch (error) {
    // EPERM where unlink(2) says so of a directory, as POSIX has it.
    if (!['EISDIR', 'EPERM'].includes(codeOf(error) ?? '')) throw error;
  }
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error;
    return false;
  }
}

function unlinkAt(path: Buffer): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function namesIn(dir: number): string[] {
  return readdirSync(at(dir, '.'), { encoding: bytewise });
}

function at(dir: number, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${dir}/${name}`, bytewise);
}
