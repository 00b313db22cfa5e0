import { readdirSync } from 'node:fs';
import { VimageError } from '@vimage/core';
import type { GiveBack } from '@vimage/core';
import { giveNotes } from './gc.ts';
import { readNotes } from './registry/journal.ts';
import { isHeld } from './registry/lock.ts';
import { readNote } from './registry/note.ts';
import type { Note } from './registry/note.ts';
import { readImage } from './registry/read.ts';
import { emptyImage, visibly } from './retire.ts';
import type { RetireHost } from './retire.ts';
import { ifThere, rename } from './sys/file.ts';
import { removeTree } from './sys/remove.ts';

/** A directory of the registry, and what is known of the image that it is. */
interface Wreck extends Note {
  readonly dir: string;
  readonly name: string;
}

/** What scrapping needs beside what removing does. */
export interface ScrapHost extends RetireHost {
  /** Where an image being made would be: what a kill leaves there, gc removes. */
  staging(serial: bigint): string;
  /** A number that nobody has. */
  serial(): bigint;
}

/**
 * Removes an entry that could not be read, and those below it, inner ones first, under the root lock: by what its plan says where that
 * can be read, else by what its lock notes. EBUSY before anything is done.
 */
export async function scrapEntry(dir: string, name: string, host: ScrapHost, give: GiveBack, sharer: (serial: bigint) => string | undefined): Promise<readonly string[]> {
  const wrecks = wrecksIn(dir, name).map((wreck) => ({ ...wreck, notes: readNotes(`${wreck.dir}/journal`) }));
  for (const wreck of wrecks) checkFree(wreck, sharer);
  const done: string[] = [];
  for (const { dir: from, name: each, serial, cgroup, notes } of wrecks) {
    const at = host.staging(serial ?? host.serial());
    visibly(host, () => { rename(from, at); });
    await emptyImage({ cgroup, root: host.root, dir: at, name: each });
    if (serial !== undefined) {
      done.push(...(await giveNotes(notes, give, each, serial)));
      host.pinner()?.remove(serial);
    } else done.push(`what "${each}" had cannot be told: imgctl gc removes its pins, processes of it go on`);
    removeTree(at);
  }
  return done;
}

function wrecksIn(dir: string, name: string): readonly Wreck[] {
  const below = ifThere(() => readdirSync(`${dir}/img`)) ?? [];
  return [...below.flatMap((child) => wrecksIn(`${dir}/img/${child}`, `${name}.${child}`)), { dir, name, ...known(dir, name) }];
}

function known(dir: string, name: string): Note {
  try {
    const found = readImage(dir, name.startsWith('dying/'));
    if (found !== undefined) return { image: found.stored.name, serial: found.stored.serial, cgroup: found.entry.cgroup };
  } catch (error) {
    if (!(error instanceof VimageError)) throw error;
  }
  return readNote(`${dir}/lock`);
}

function checkFree({ dir, name, serial }: Wreck, sharer: (serial: bigint) => string | undefined): void {
  if (isHeld(`${dir}/lock`)) throw new VimageError('EBUSY', `"${name}" is being worked on by another process`, { subject: name, hint: 'try again when it has finished' });
  const other = serial === undefined ? undefined : sharer(serial);
  if (other !== undefined) throw new VimageError('EBUSY', `image "${other}" uses what "${name}" made`, { subject: other, hint: `imgctl destroy ${other} first` });
}
