import { chownSync, closeSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { codeOf } from '@vimage/core';
import { door } from '../door.ts';
import { limitFile, registryInside } from '../registry/paths.ts';
import { openDir } from '../sys/dir.ts';
import { ifThere, needDir, rename, unlink, writeNew } from '../sys/file.ts';
import type { RootOutside } from '../users.ts';

/** Makes the registry of those who will live in an image, theirs; it goes with the directory. Its path. */
export function giveRegistry(dir: string, root: RootOutside): string {
  const path = registryInside(dir);
  needDir(path);
  door('chown', () => { chownSync(path, root.uid, root.gid); });
  return path;
}

/**
 * Says in such a registry how many images it may have; nothing where there is none. Whoever owns it can say something else, or put a directory in that place,
 * and then it is not said: it bounds those who keep to it, as limits of processes and memory bound the others.
 */
export function writeLimit(dir: string, childrenMax: number): void {
  const path = registryInside(dir);
  const owner = lstatSync(path, { throwIfNoEntry: false });
  if (owner === undefined) return;
  // Made beside it, where nobody else is, and moved there: what its owner has put there by that name is not followed, nor written to.
  const made = `${dir}/${limitFile}.~${process.pid}`;
  unlink(made);
  writeNew(made, Buffer.from(`${childrenMax}\n`));
  try {
    door('chown', () => { chownSync(made, owner.uid, owner.gid); });
    rename(made, `${path}/${limitFile}`);
  } catch (error) {
    unlink(made);
    if (!['EISDIR', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error;
  }
}

/** How many images the registry of the image in which we are may have; undefined: nobody has said. */
export function readLimit(root: string): number | undefined {
  const text = ifThere(() => readFileSync(`${root}/${limitFile}`, 'latin1'));
  return text !== undefined && /^\d{1,5}\n$/.test(text) ? Number(text) : undefined;
}

/** Whether images were made in there: something is in its `img`, where that is a directory. */
export function hasInside(dir: string): boolean {
  const fd = openDir(`${registryInside(dir)}/img`);
  if (fd === undefined) return false;
  try {
    return readdirSync(`/proc/self/fd/${fd}`).length > 0;
  } finally {
    closeSync(fd);
  }
}
