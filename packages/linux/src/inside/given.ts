import { chownSync, closeSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { codeOf } from '@vimage/core';
import { door } from '../door.ts';
import { limitFile } from '../registry/paths.ts';
import { openDir } from '../sys/dir.ts';
import { ifThere, rename, unlink, writeNew } from '../sys/file.ts';

/**
 * Says in the registry of those who live in an image how many images it may have. Whoever owns it can say something else, put a directory in that place, or fill
 * it, and then it is not said: it bounds those who keep to it, as limits of processes and memory bound the others.
 */
export function writeLimit(path: string, childrenMax: number): void {
  const owner = statSync(path);
  // Made beside it, where nobody else is, and moved there: what its owner has put there by that name is not followed, nor written to.
  const made = `${path}/../${limitFile}.~${process.pid}`;
  unlink(made);
  try {
    writeNew(made, Buffer.from(`${childrenMax}\n`));
    door('chown', () => { chownSync(made, owner.uid, owner.gid); });
    rename(made, `${path}/${limitFile}`);
  } catch (error) {
    unlink(made);
    if (!['EISDIR', 'ENOTEMPTY', 'EEXIST', 'ENOSPC'].includes(codeOf(error) ?? '')) throw error;
  }
}

/** How many images the registry of the image in which we are may have; undefined: nobody has said. */
export function readLimit(root: string): number | undefined {
  const text = ifThere(() => readFileSync(`${root}/${limitFile}`, 'latin1'));
  return text !== undefined && /^\d{1,5}\n$/.test(text) ? Number(text) : undefined;
}

/** Whether images were made in a registry of those who live in an image (undefined: it has none): something is in its `img`, where that is a directory. */
export function hasInside(path: string | undefined): boolean {
  const fd = path === undefined ? undefined : openDir(`${path}/img`);
  if (fd === undefined) return false;
  try {
    return readdirSync(`/proc/self/fd/${fd}`).length > 0;
  } finally {
    closeSync(fd);
  }
}
