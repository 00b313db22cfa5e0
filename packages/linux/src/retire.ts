import { existsSync, readFileSync } from 'node:fs';
import { codeOf } from '@vimage/core';
import { cgroupRemove } from './cgroup.ts';
import type { CgroupAt } from './cgroup.ts';
import { holdsSocketIn } from './netlink-socket.ts';
import { exists } from './ns.ts';
import { gracePeriod } from './sys/ns.ts';
import type { Pinner } from './pinner.ts';
import { endAll } from './process/end.ts';
import { memberPids } from './process/members.ts';
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
  dying(serial: bigint): string;
  /** Before, and after, a change that others can see. */
  begin(): void;
  bump(): void;
}

/** From now on nothing new enters: the plan has another name, and every reader sees that the image is being removed. */
export function hidePlan(dir: string): void {
  ifThere(() => rename(`${dir}/plan`, `${dir}/${removingPlan}`));
}

/**
 * Ends what still runs in an image, and removes its cgroups. False when they could not be removed. `shared`: its pid 1s go on,
 * and the cgroup with them.
 */
export async function emptyCgroup(cgroup: CgroupAt | undefined, name: string, shared = false): Promise<boolean> {
  if (cgroup === undefined) return true;
  if (existsSync(cgroup.path) && memberPids(cgroup, !shared).length > 0) await endAll(cgroup, 0, name, !shared);
  if (shared) return false;
  if (cgroup.limit !== undefined) cgroupRemove(cgroup.limit);
  return cgroupRemove(cgroup.path);
}

/**
 * Removes an image from the machine: processes, cgroup, pins, entry. True when it is gone; false when something still refers to it
 * and it is `dying` now. `shared`: other images use its instances, the pins stay. Whatever happens in between, doing it again finishes it.
 *
 * It is moved out of its place first: imgexec, once in the cgroup, looks whether it is still there, so that either it or we see the other.
 */
export async function retireEntry(from: string, serial: bigint, shared: boolean, host: RetireHost): Promise<boolean> {
  const dir = host.dying(serial);
  if (from !== dir) visibly(host, () => { rename(from, dir); });
  const path = `${dir}/${existsSync(`${dir}/plan`) ? 'plan' : removingPlan}`;
  const bytes = ifThere(() => readOwn(path));
  let gone = true;
  if (bytes !== undefined) {
    const entry = decodePlan(bytes, path);
    gone = await emptyCgroup(entry.cgroup, entry.image.name, shared);
    if (entry.steps > 0 && !shared) host.pinner()?.unpin(serial);
    if (entry.shared !== shared) replace(path, markShared(bytes, shared));
    gone = gone && !shared && !(await isReferenced(entry, host)) && readNotes(`${dir}/journal`).length === 0;
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

/**
 * Whether a namespace of the image's own is still in use by anybody but us. The kernel is asked by handle first: a namespace that is
 * gone costs microseconds. One that lives though nobody can be found is held by sockets.
 */
export async function isReferenced(entry: Entry, host: Pick<RetireHost, 'except' | 'pins'>): Promise<boolean> {
  const own = entry.joins.filter(({ pin }) => pin.startsWith(`${entry.image.serial}/`));
  const living = (joins: readonly Join[]): readonly Join[] => joins.filter(({ type, ino, id }) => isNsType(type) && exists(type, ino, id) !== false);
  let alive = living(own);
  if (alive.length === 0) return false;
  // Sockets that were just closed keep their namespace for a grace period of the kernel's.
  gracePeriod();
  await new Promise((resolve) => setTimeout(resolve, 10));
  alive = living(alive);
  if (alive.length === 0) return false;
  const holders = findHolders({
    namespaces: new Set(alive.map(({ type, ino }) => `${type}:[${ino}]`)), dir: undefined, cgroup: undefined, except: host.except, pins: undefined,
  });
  if (holders.some(({ pid }) => pid !== process.pid)) return true;
  if (holders.length > 0) return false;
  return alive.some(({ type, ino, id }) => type === 'net' && isNsType(type) && exists(type, ino, id) === true && !holdsSocketIn(ino));
}

function isNsType(type: string): type is 'net' | 'uts' | 'ipc' | 'cgroup' | 'pid' | 'time' | 'user' | 'mnt' {
  return ['net', 'uts', 'ipc', 'cgroup', 'pid', 'time', 'user', 'mnt'].includes(type);
}

/** The plan of an image wherever it stands, raw; undefined when there is none. */
export function readPlan(dir: string): Entry | undefined {
  for (const name of ['plan', removingPlan]) {
    const path = `${dir}/${name}`;
    try {
      return decodePlan(readFileSync(path), path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw asSysError(error, path);
    }
  }
  return undefined;
}
