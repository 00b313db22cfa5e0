import { chownSync, lchownSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { door } from '../door.ts';
import { limitFile, registryInside } from '../registry/paths.ts';
import { ifThere, needDir, replace } from '../sys/file.ts';
import type { RootOutside } from '../users.ts';

/** Makes the registry of those who will live in an image, theirs; it goes with the directory. Its path. */
export function giveRegistry(dir: string, root: RootOutside): string {
  const path = registryInside(dir);
  needDir(path);
  door('chown', () => { chownSync(path, root.uid, root.gid); });
  return path;
}

/**
 * Says in such a registry how many images it may have; nothing where there is none. Whoever owns it can say something else: it bounds those who
 * keep to it, as limits of processes and memory bound the others.
 */
export function writeLimit(dir: string, childrenMax: number): void {
  const path = registryInside(dir);
  // Renamed into place: what its owner has put there by that name is not followed, nor written to.
  const owner = lstatSync(path, { throwIfNoEntry: false });
  if (owner === undefined) return;
  replace(`${path}/${limitFile}`, Buffer.from(`${childrenMax}\n`));
  door('chown', () => { lchownSync(`${path}/${limitFile}`, owner.uid, owner.gid); });
}

/** How many images the registry of the image in which we are may have; undefined: nobody has said. */
export function readLimit(root: string): number | undefined {
  const text = ifThere(() => readFileSync(`${root}/${limitFile}`, 'latin1'));
  return text !== undefined && /^\d{1,5}\n$/.test(text) ? Number(text) : undefined;
}

/** Whether images were made in there: something is in its `img`. */
export function hasInside(dir: string): boolean {
  return (ifThere(() => readdirSync(`${registryInside(dir)}/img`)) ?? []).length > 0;
}
