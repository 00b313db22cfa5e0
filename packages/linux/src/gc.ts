import { existsSync } from 'node:fs';
import { ComponentFault, VimageError } from '@vimage/core';
import type { GiveBack } from '@vimage/core';
import type { Hierarchy } from './cgroup.ts';
import { isLimited } from './cgroup-base.ts';
import { cgroupPids, cgroupRemove, cgroupTree, topOf } from './cgroup.ts';
import { hasInside } from './inside/given.ts';
import { removeTree } from './sys/remove.ts';
import { emptyImage, isReferenced, retireEntry } from './retire.ts';
import type { RetireHost } from './retire.ts';
import { readNotes, writeNotes } from './registry/journal.ts';
import type { Note } from './registry/journal.ts';
import { sweepHolds } from './registry/hold.ts';
import { isHeld } from './registry/lock.ts';
import { readNote } from './registry/note.ts';
import type { Layout } from './registry/paths.ts';
import { readAll } from './registry/read.ts';
import type { Contents, Found, Staged } from './registry/read.ts';
import { dropEdits, rollForward } from './registry/stage.ts';

/** Undoes what dead processes left, under the root lock; one line per thing done. What a living process holds is passed over. */
export async function collect(layout: Layout, host: RetireHost, hierarchy: Hierarchy | undefined, give: GiveBack): Promise<readonly string[]> {
  const done: string[] = [];
  const contents = readAll(layout);
  for (const staged of contents.staged) done.push(...(await orDamage(staged.dir, () => unstage(staged, host, give))));
  // Children before their parents.
  for (const found of [...contents.images].reverse()) {
    if (found.stored.state !== 'dying') done.push(...(await orDamage(found.stored.name, () => settleImage(found, host, give))));
  }
  for (const found of contents.images) {
    if (found.stored.state === 'dying') done.push(...(await orDamage(found.stored.name, () => reap(found, host, give))));
  }
  const after = readAll(layout);
  sweepHolds(layout);
  done.push(...unpinOrphans(after, host));
  done.push(...sweepCgroups(after, hierarchy));
  if (done.length > 0) host.bump();
  return done;
}

/** What is wrong with the files of one image, or with a component of it, is said, and is no reason to leave the others alone. */
async function orDamage(what: string, act: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof VimageError) || !(error instanceof ComponentFault || ['EBADMSG', 'EPERM', 'E2BIG'].includes(error.code))) throw error;
    return [`${what} was left alone: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`];
  }
}

export async function giveNotes(notes: readonly Note[], give: GiveBack, name: string, serial: bigint): Promise<readonly string[]> {
  const done: string[] = [];
  const components = [...new Set(notes.map(({ component }) => component))].reverse();
  for (const component of components) {
    done.push(...(await give(component, notes.filter((note) => note.component === component).map(({ entry }) => entry), name, serial)));
  }
  return done;
}

/** An image that its process did not come to publish, or to remove to the end. */
async function unstage({ dir, serial }: Staged, host: RetireHost, give: GiveBack): Promise<readonly string[]> {
  const lock = `${dir}/lock`;
  if (isHeld(lock)) return [];
  const { image: name = `.new-${serial}`, cgroup } = readNote(lock);
  await emptyImage({ cgroup, root: host.root, dir, name });
  const lines = await giveNotes(readNotes(`${dir}/journal`), give, name, serial);
  host.pinner()?.remove(serial);
  removeTree(dir);
  return [...lines, `removed what was left of "${name}"`];
}

async function settleImage(found: Found, host: RetireHost, give: GiveBack): Promise<readonly string[]> {
  const { dir, entry, stored } = found;
  if (isHeld(`${dir}/lock`)) return [];
  if (stored.state === 'removing') return finish(found, host, give, `finished removing "${stored.name}"`);
  if (!stored.persist && !isHeld(`${dir}/owner`)) return finish(found, host, give, `removed "${stored.name}", whose process has ended`);
  const done: string[] = [];
  if (rollForward(dir, entry.edit)) {
    // Whoever died may not have come to it. Where images were made inside nothing of the view was changed.
    const pinner = host.pinner();
    if (!hasInside(pinner?.registryInside(stored.serial))) pinner?.remove(stored.serial, 'mnt');
    done.push(`finished changing "${stored.name}"`);
  }
  if (dropEdits(dir, entry.edit)) done.push(`took back an unfinished change of "${stored.name}"`);
  const notes = readNotes(`${dir}/journal`);
  const owed = notes.filter(({ edit }) => edit > entry.edit);
  if (owed.length > 0) {
    done.push(...(await giveNotes(owed, give, stored.name, stored.serial)));
    writeNotes(`${dir}/journal`, notes.filter((note) => !owed.includes(note)));
  }
  return done;
}

async function finish({ dir, entry, stored }: Found, host: RetireHost, give: GiveBack, line: string): Promise<readonly string[]> {
  await emptyImage({ cgroup: entry.cgroup, root: host.root, dir, name: stored.name });
  const lines = await giveNotes(readNotes(`${dir}/journal`), give, stored.name, stored.serial);
  writeNotes(`${dir}/journal`, []);
  const gone = await retireEntry(dir, stored.serial, { shared: entry.shared, wait: true }, host);
  return [...lines, gone ? line : `${line}; something still refers to it`];
}

/** A dying entry that nothing refers to any more. What sharers use is core's to end. */
async function reap(found: Found, host: RetireHost, give: GiveBack): Promise<readonly string[]> {
  const { dir, entry, stored } = found;
  if (entry.shared || isHeld(`${dir}/lock`)) return [];
  const owed = readNotes(`${dir}/journal`).length > 0 || [entry.cgroup?.path, ...(entry.cgroup?.limits ?? [])].some((path) => path !== undefined && existsSync(path));
  if (entry.steps > 0) host.pinner()?.remove(stored.serial);
  if (!owed && (await isReferenced(entry, host, true))) return [];
  return finish(found, host, give, `"${stored.name}" has died at last`);
}

function serials(contents: Contents): ReadonlySet<string> {
  return new Set([...contents.images.map(({ stored }) => String(stored.serial)), ...contents.staged.map(({ serial }) => String(serial))]);
}

/** Pins that no entry of the registry knows; where one cannot be read it might be its, and nothing is touched. */
function unpinOrphans(contents: Contents, host: RetireHost): readonly string[] {
  const pinner = host.pinner();
  if (pinner === undefined || contents.damaged.length > 0) return [];
  const known = serials(contents);
  const orphans = new Set(pinner.list().map((pin) => pin.slice(0, pin.indexOf('/'))).filter((serial) => !known.has(serial)));
  for (const serial of orphans) pinner.remove(BigInt(serial));
  return [...orphans].map((serial) => `unpinned ${serial}, which no image has`);
}

/** Empty cgroups of no image. One that processes live in, or that limits something, is left: it may be of a registry that we do not see. */
function sweepCgroups(contents: Contents, hierarchy: Hierarchy | undefined): readonly string[] {
  const known = serials(contents);
  const done: string[] = [];
  if (hierarchy === undefined) return done;
  for (const path of cgroupTree(topOf(hierarchy), true)) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (!/^\d+$/.test(name) || known.has(name) || isLimited(path) || cgroupTree(path, true).some((each) => cgroupPids(each).length > 0)) continue;
    if (cgroupRemove(path)) done.push(`removed the empty cgroup ${path}`);
  }
  return done;
}
