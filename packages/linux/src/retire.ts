import { existsSync, readFileSync } from 'node:fs';
import { codeOf } from '@vimage/core';
import type { Holder } from '@vimage/core';
import { cgroupRemove } from './cgroup.ts';
import type { CgroupAt } from './cgroup.ts';
import { removeLimits } from './limit.ts';
import { holdsSocketIn } from './netlink-socket.ts';
import { exists } from './ns.ts';
import { gracePeriod } from './sys/ns.ts';
import type { Pinner } from './pinner.ts';
import { endAll } from './process/end.ts';
import { cgroupMembership } from './process/membership.ts';
import type { Membership } from './process/membership.ts';
import { descentMembership } from './process/descent.ts';
import { findHolders } from './refs.ts';
import { decodePlan, markShared } from './registry/entry.ts';
import type { Entry, Join } from './registry/entry.ts';
import { readNotes } from './registry/journal.ts';
import { removingPlan } from './registry/read.ts';
import { removeEntry } from './registry/stage.ts';
import { asSysError } from './sys/error.ts';
import { ifThere, readOwn, rename, replace } from './sys/file.ts';

/** What removing needs of its surroundings. All of it runs under the root lock. */
export interface RetireHost {
  /** The pinner; undefined where there are no pins at all. */
  pinner(): Pinner | undefined;
  /** Processes that do not count as holders. */
  readonly except: ReadonlySet<number>;
  /** Inode of the pins' mount namespace. */
  readonly pins: bigint | undefined;
  /** Whether this process itself is not done with an image. */
  inUse(serial: bigint): boolean;
  /** The registry's directory. */
  readonly root: string;
  dying(serial: bigint): string;
  /** Before, and after, a change that others can see. */
  begin(): void;
  bump(): void;
}

/** From now on nothing new enters: the plan has another name, and every reader sees that the image is being removed. */
export function hidePlan(dir: string): void {
  ifThere(() => rename(`${dir}/plan`, `${dir}/${removingPlan}`));
}

/** Who lives in the image whose directory is `dir`, in the registry at `root`. */
export function membershipOf(cgroup: CgroupAt | undefined, root: string, dir: string): Membership {
  return cgroup === undefined ? descentMembership(root, dir) : cgroupMembership(cgroup);
}

/** An image, as ending it needs to know it. */
export interface Emptied {
  readonly cgroup: CgroupAt | undefined;
  /** The registry's directory, and the image's in it. */
  readonly root: string;
  readonly dir: string;
  readonly name: string;
  readonly shared?: boolean;
}

/**
 * Ends what still runs in an image, and removes its cgroups. False when they could not be removed. `shared`: its pid 1s go on,
 * and the cgroup with them.
 */
export async function emptyImage({ cgroup, root, dir, name, shared = false }: Emptied): Promise<boolean> {
  if (cgroup !== undefined && !existsSync(cgroup.path)) return removeLimits(cgroup);
  const members = membershipOf(cgroup, root, dir);
  if (members.pids(!shared).length > 0) await endAll(members, 0, name, !shared);
  if (shared) return false;
  if (cgroup === undefined) return true;
  const unlimited = removeLimits(cgroup);
  return cgroupRemove(cgroup.path) && unlimited;
}

export interface Retiring {
  readonly shared: boolean;
  readonly wait: boolean;
}

/**
 * Removes an image from the machine: processes, cgroup, pins, entry. True when it is gone; false when something still refers to it
 * and it is `dying` now. `shared`: other images use its instances, the pins stay. Whatever happens in between, doing it again finishes it.
 *
 * It is moved out of its place first: imgexec, once in the cgroup, looks whether it is still there, so that either it or we see the other.
 * `wait`: see {@link isReferenced}. `known`: what its plan says, where that was read under the image's lock.
 */
export async function retireEntry(from: string, serial: bigint, { shared, wait }: Retiring, host: RetireHost, known?: Entry): Promise<boolean> {
  const dir = host.dying(serial);
  if (from !== dir) visibly(host, () => { rename(from, dir); });
  const entry = known ?? readPlan(dir);
  let gone = true;
  if (entry !== undefined) {
    const { cgroup, image: { name } } = entry;
    const pinner = entry.steps > 0 && !shared ? host.pinner() : undefined;
    // The plan is hidden, so that nobody enters by way of the pins any more. They go while we do the rest.
    pinner?.unpin(serial);
    try {
      gone = await emptyImage({ cgroup, root: host.root, dir, name, shared });
      if (entry.shared !== shared) rewritePlan(dir, (plan) => markShared(plan, shared));
      gone = gone && !shared && readNotes(`${dir}/journal`).length === 0;
    } finally {
      pinner?.settle();
    }
    gone = gone && !(await isReferenced(entry, host, wait));
  }
  if (gone) visibly(host, () => { removeEntry(dir); });
  return gone;
}

/** A change that others can see, told before and after. */
export function visibly(host: Pick<RetireHost, 'begin' | 'bump'>, act: () => void): void {
  host.begin();
  try {
    act();
  } finally {
    host.bump();
  }
}

/** How long, in milliseconds, the last of the looks waits whether what nobody can be found to hold goes. */
const patience = 320;

function holdersOf(joins: readonly Join[], { except }: Pick<RetireHost, 'except'>): readonly Holder[] {
  return findHolders({ namespaces: new Set(joins.map(({ type, ino }) => `${type}:[${ino}]`)), dir: undefined, members: undefined, except, pins: undefined });
}

/**
 * Whether a namespace of the image's own is still in use: by anybody else, or by a worker of ours, as what we have of it otherwise we let go. The kernel is asked by handle first: a namespace that is
 * gone costs microseconds. One that lives though nobody can be found is held by sockets. Without `wait`, one that might be just
 * going is in use.
 */
export async function isReferenced(entry: Entry, host: Pick<RetireHost, 'except' | 'inUse'>, wait: boolean): Promise<boolean> {
  const own = entry.joins.filter(({ pin }) => pin.startsWith(`${entry.image.serial}/`));
  const living = (joins: readonly Join[]): readonly Join[] => joins.filter(({ type, ino, id }) => exists(type, ino, id) !== false);
  let alive = living(own);
  if (alive.length > 0 && alive.every(({ type }) => type !== 'net') && holdersOf(alive, host).length === 0) return false;
  if (alive.length > 0 && !wait) return true;
  // Sockets that were just closed keep their namespace for a grace period of the kernel's, and what ends there takes its time.
  if (alive.length > 0) {
    gracePeriod();
    alive = living(alive);
  }
  for (let wait = 10; alive.length > 0 && wait < patience; wait *= 2) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    alive = living(alive);
    if (alive.length > 0 && holdersOf(alive, host).length > 0) break;
  }
  if (alive.length === 0) return false;
  const holders = holdersOf(alive, host);
  if (holders.some(({ pid }) => pid !== process.pid)) return true;
  if (holders.length > 0) return host.inUse(entry.image.serial);
  return alive.some(({ type, ino, id }) => type === 'net' && exists(type, ino, id) === true && !holdsSocketIn(ino));
}

function rewritePlan(dir: string, change: (plan: Uint8Array) => Uint8Array): void {
  const path = `${dir}/${existsSync(`${dir}/plan`) ? 'plan' : removingPlan}`;
  replace(path, change(readOwn(path)));
}

/** The plan of an image wherever it stands; undefined when there is none. `live`: it is likely to be there. */
export function readPlan(dir: string, live: boolean = existsSync(`${dir}/plan`)): Entry | undefined {
  // Asked beforehand: an error costs more than a look.
  for (const name of live ? ['plan', removingPlan] : [removingPlan, 'plan']) {
    const path = `${dir}/${name}`;
    try {
      return decodePlan(readFileSync(path), path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw asSysError(error, path);
    }
  }
  return undefined;
}
