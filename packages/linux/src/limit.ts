import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { VimageError, codeOf } from '@vimage/core';
import { isOccupied } from './cgroup-base.ts';
import { cgroupPids, cgroupRemove, cgroupTree, chainOf, directory, initDir, needTree, ownLines, topOf } from './cgroup.ts';
import type { CgroupAt, CgroupDir, Hierarchy, Line } from './cgroup.ts';
import { ownMounts } from './mountinfo.ts';
import type { Mount } from './mountinfo.ts';
import { handDown } from './hand-down.ts';
import { poke, removeDir } from './sys/file.ts';

/** What of the kernel limits or counts in a cgroup (cgroups(7)). */
export type Controller = 'pids' | 'memory' | 'cpu' | 'cpuacct';

/** By which file one knows that a cgroup has a controller, on v1 and on v2. */
const files: Readonly<Record<Controller, Readonly<Record<'v1' | 'v2', string>>>> = {
  pids: { v1: 'pids.max', v2: 'pids.max' },
  memory: { v1: 'memory.limit_in_bytes', v2: 'memory.max' },
  cpu: { v1: 'cpu.cfs_quota_us', v2: 'cpu.max' },
  cpuacct: { v1: 'cpuacct.usage', v2: 'cpu.stat' },
};

/** A cgroup that a controller bounds. */
export interface Bounded {
  readonly dir: string;
  /** Whose files it has. */
  readonly kind: 'v1' | 'v2';
}

/** A v1 hierarchy that limits: what it is mounted for, where, and the directory `vimage` in it, there or not. */
export interface LimitTop {
  readonly controllers: readonly string[];
  readonly mount: string;
  readonly top: string;
}

/** The v1 hierarchies with controllers of ours in which a process with these mounts and cgroups may make directories. */
export function limitTops(mounts: readonly Mount[], lines: readonly Line[]): readonly LimitTop[] {
  const found: LimitTop[] = [];
  for (const mount of mounts) {
    const controllers = Object.keys(files).filter((name) => mount.type === 'cgroup' && mount.options.includes(name));
    const [first] = controllers;
    if (first === undefined || found.some((each) => each.controllers.includes(first))) continue;
    const own = directory(mount, lines.find((line) => line.controllers.includes(first))?.path ?? '/');
    if (own !== undefined && writable(own)) found.push({ controllers, mount: mount.at, top: `${own.replace(/\/vimage(\/.*)?$/, '').replace(/\/$/, '')}/vimage` });
  }
  return found;
}

function writable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

let known: readonly LimitTop[] | undefined;

/** Looked for once. */
function tops(): readonly LimitTop[] {
  return (known ??= limitTops(ownMounts(), ownLines()));
}

/** The cgroup of an image that a child of img0 gets, with the places where it would be limited. */
export function withLimits(at: CgroupDir): CgroupAt {
  const chain = chainOf(at.path);
  // Where one hierarchy tells membership and limits, the image's own cgroup does both. What v2 counts of its own needs no other.
  const others = tops().filter(({ top, controllers }) => top !== chain?.top && !(at.kind === 'v2' && controllers.join() === 'cpuacct'));
  return { ...at, limits: chain === undefined ? [] : others.map(({ top }) => top + chain.serials) };
}

/** The directory `vimage` of membership, and those of limits. */
function topsOf(at: Hierarchy | undefined): readonly string[] {
  return [...new Set([...(at === undefined ? [] : [topOf(at)]), ...tops().map(({ top }) => top)])];
}

function ofImage(at: CgroupAt, controller: Controller): Bounded | undefined {
  const kind = (['v2', 'v1'] as const).find((each) => existsSync(`${at.path}/${files[controller][each]}`));
  return kind === undefined ? undefined : { dir: at.path, kind };
}

function ofLimit(at: CgroupAt, controller: Controller): Bounded | undefined {
  const mounts = tops().filter(({ controllers }) => controllers.includes(controller));
  const dir = at.limits.find((limit) => mounts.some(({ mount }) => limit.startsWith(`${mount}/`)));
  return dir === undefined ? undefined : { dir, kind: 'v1' };
}

/** Where a controller bounds an image, as it stands; undefined where none does, or nothing was limited there yet. */
export function boundAt(at: CgroupAt | undefined, controller: Controller): Bounded | undefined {
  if (at === undefined) return undefined;
  const limit = ofLimit(at, controller);
  return ofImage(at, controller) ?? (limit !== undefined && existsSync(limit.dir) ? limit : undefined);
}

/**
 * Where a controller bounds an image and those in it: its cgroup, to which v2 hands the controller down, or else one in the v1 hierarchy
 * of the controller, made here, into which the processes that live in the image are moved (what they start stays there) and which
 * imgexec enters, too. EOPNOTSUPP names the controller that is missing.
 */
export function bounded(at: CgroupAt | undefined, controller: Controller): Bounded {
  if (at === undefined) throw noController(at, controller);
  needTree(at.path);
  if (at.kind === 'v2' && ofImage(at, controller) === undefined) handDown(at.path, controller);
  const own = ofImage(at, controller);
  if (own !== undefined) return own;
  const limit = ofLimit(at, controller);
  if (limit === undefined) throw noController(at, controller);
  if (controller === 'memory') countNested(chainOf(limit.dir)?.top);
  needTree(limit.dir);
  gather(at, limit.dir, controller);
  return limit;
}

/**
 * Limits how many processes an image may have, those of the images in it included. Returns the directory that holds the limit.
 * Undefined: no limit. EOPNOTSUPP: no pids controller.
 */
export function pidsLimit(at: CgroupAt | undefined, max: number | undefined): string {
  const { dir } = bounded(at, 'pids');
  write(at, dir, max);
  return dir;
}

/** Sets a limit back to what it was; nothing where it has gone with its image. */
export function pidsLimitBack(at: CgroupAt | undefined, max: number | undefined): void {
  const there = boundAt(at, 'pids');
  if (there !== undefined) write(at, there.dir, max);
}

function write(at: CgroupAt | undefined, dir: string, max: number | undefined): void {
  const more = dir === at?.path && existsSync(`${dir}/${initDir}`) ? ones : 0;
  poke(`${dir}/pids.max`, max === undefined ? 'max' : String(max + more));
}

/** In the image's own cgroup its two pid 1s count, and are not the user's. */
const ones = 2;

/** They are about to be made. */
export function pidsForOnes({ path }: CgroupAt): void {
  const file = `${path}/pids.max`;
  if (existsSync(`${path}/${initDir}`) || !existsSync(file)) return;
  const max = Number(readFileSync(file, 'latin1'));
  if (!Number.isNaN(max)) poke(file, String(max + ones));
}

/** How many of those that {@link bounded} counts are the image's pid 1s. */
export function onesIn({ dir, kind }: Bounded): number {
  return kind === 'v2' ? cgroupPids(`${dir}/${initDir}`).length : 0;
}

const cannot: Readonly<Record<Controller, string>> = {
  pids: 'the number of processes cannot be limited', memory: 'memory cannot be limited', cpu: 'CPU time cannot be limited', cpuacct: 'CPU time cannot be counted',
};

function howToGet(at: CgroupAt | undefined, controller: Controller): string {
  if (at?.kind !== 'v2') return `mount cgroup2, with "${controller}" in its cgroup.controllers`;
  const base = dirname(chainOf(at.path)?.top ?? at.path);
  return isOccupied(base, controller)
    ? `${base} has processes in it, and hands "${controller}" to none below: start imgctl from a cgroup below it (a unit of systemd: Delegate=yes, DelegateSubgroup=main)`
    : `${dirname(at.path)} must have "${controller}" in its cgroup.controllers; or mount the v1 ${controller} hierarchy`;
}

function noController(at: CgroupAt | undefined, controller: Controller): VimageError {
  const hint = howToGet(at, controller);
  return new VimageError('EOPNOTSUPP', `${cannot[controller]} here: no cgroup of ours has the ${controller} controller`, { subject: controller, hint });
}

/** Moves what lives in an image and below to where it is limited. What was started meanwhile by one not yet moved is found at the next look. */
function gather(at: CgroupAt, limit: string, controller: Controller): void {
  for (let looks = 0; looks < 100; looks++) {
    const counted = new Set(cgroupTree(limit, true).flatMap(cgroupPids));
    const living = cgroupTree(at.path, true).filter((path) => !path.endsWith(`/${initDir}`)).flatMap(cgroupPids);
    const strays = living.filter((pid) => !counted.has(pid));
    if (strays.length === 0) return;
    for (const pid of strays) {
      try {
        poke(`${limit}/cgroup.procs`, String(pid));
      } catch (error) {
        if (codeOf(error) !== 'ESRCH') throw error;
      }
    }
  }
  throw new VimageError('EAGAIN', 'the image starts processes faster than they can be counted', { subject: controller, hint: 'stop them first (imgctl kill -s STOP), or try again' });
}

/** Removes the places where an image was limited, and what held them where that is empty now; false where something still is in one. */
export function removeLimits({ limits }: CgroupAt): boolean {
  let gone = true;
  for (const limit of limits) {
    if (!existsSync(limit)) continue;
    gone = cgroupRemove(limit) && gone;
    const above = limit.slice(0, limit.lastIndexOf('/'));
    if (above.endsWith('/vimage')) removeDir(above);
  }
  return gone;
}

/** Removes what holds the images' cgroups, of membership and of limits, where it is empty. */
export function removeTops(at: Hierarchy | undefined): void {
  for (const top of topsOf(at)) if (existsSync(top)) removeDir(top);
}

/** Makes v1 memory cgroups count what is in those inside, as all kernels since Linux 5.11 do anyway. */
function countNested(top: string | undefined): void {
  if (top === undefined) return;
  needTree(top);
  const file = `${top}/memory.use_hierarchy`;
  if (existsSync(file) && readFileSync(file, 'latin1').trim() === '0') poke(file, '1');
}
