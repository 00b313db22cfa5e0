import { existsSync, readFileSync } from 'node:fs';
import { VimageError, codeOf } from '@vimage/core';
import { cgroupPids, cgroupTree, chainOf, directory, initDir, needTree, ownLines, topOf } from './cgroup.ts';
import type { CgroupAt, Hierarchy } from './cgroup.ts';
import { ownMounts } from './mountinfo.ts';
import { poke, removeDir } from './sys/file.ts';

let known: string | undefined | null = null;

/** The directory `vimage` in the v1 pids hierarchy, there or not; undefined where it is not mounted. Looked for once. */
function limitsTop(): string | undefined {
  if (known !== null) return known;
  const mount = ownMounts().find(({ type, options }) => type === 'cgroup' && options.includes('pids'));
  const own = mount === undefined ? undefined : directory(mount, ownLines().find(({ controllers }) => controllers.includes('pids'))?.path ?? '/');
  return (known = own === undefined ? undefined : `${own.replace(/\/vimage(\/.*)?$/, '')}/vimage`);
}

/** The cgroup of an image that a child of img0 gets, with the place where its processes would be counted. */
export function withLimit(at: CgroupAt): CgroupAt {
  const [top, chain] = [limitsTop(), chainOf(at.path)];
  // Where one hierarchy tells membership and counts, the image's own cgroup does both.
  return top === undefined || chain === undefined || chain.top === top ? at : { ...at, limit: top + chain.serials };
}

/**
 * Limits how many processes an image may have, those of the images in it included: pids.max of its cgroup where that has the pids
 * controller, else of a cgroup of the v1 pids hierarchy, into which the processes that live there are moved (what they start stays
 * there) and which imgexec enters too. Returns the directory that holds the limit. Undefined: no limit. EOPNOTSUPP: no pids controller.
 */
export function pidsLimit(at: CgroupAt | undefined, max: number | undefined): string {
  if (at !== undefined) {
    needTree(at.path);
    if (existsSync(`${at.path}/pids.max`) || (at.kind === 'v2' && enable(at.path.slice(0, at.path.lastIndexOf('/'))))) return write(at, at.path, max);
  }
  if (at?.limit === undefined) throw noController(at);
  needTree(at.limit);
  write(at, at.limit, max);
  gather(at, at.limit);
  return at.limit;
}

/** Sets a limit back to what it was; nothing where it has gone with its image. */
export function pidsLimitBack(at: CgroupAt | undefined, max: number | undefined): void {
  const dir = at === undefined ? undefined : [at.path, at.limit].find((path) => path !== undefined && existsSync(`${path}/pids.max`));
  if (at !== undefined && dir !== undefined) write(at, dir, max);
}

function write(at: CgroupAt, dir: string, max: number | undefined): string {
  // In the image's own cgroup the two pid 1s count, and are not the user's.
  poke(`${dir}/pids.max`, max === undefined ? 'max' : String(dir === at.path ? max + 2 : max));
  return dir;
}

function enable(path: string): boolean {
  if (!readFileSync(`${path}/cgroup.controllers`, 'latin1').split(/\s/).includes('pids')) return false;
  poke(`${path}/cgroup.subtree_control`, '+pids');
  return true;
}

function noController(at: CgroupAt | undefined): VimageError {
  const hint = at?.kind === 'v2'
    ? `${at.path.slice(0, at.path.lastIndexOf('/'))} must have "pids" in its cgroup.controllers; or mount the v1 pids hierarchy`
    : 'mount cgroup2, with "pids" in its cgroup.controllers';
  return new VimageError('EOPNOTSUPP', 'the number of processes cannot be limited here: no cgroup of ours has the pids controller', { subject: 'pids', hint });
}

/** Moves what lives in an image and below to where it is counted. What was started meanwhile by one not yet moved is found at the next look. */
function gather(at: CgroupAt, limit: string): void {
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
  throw new VimageError('EAGAIN', 'the image starts processes faster than they can be counted', { subject: 'pids', hint: 'stop them first (imgctl kill -s STOP), or try again' });
}

/** Removes what holds the images' cgroups, of membership and of limits, where it is empty. */
export function removeTops(at: Hierarchy | undefined): void {
  for (const top of [at === undefined ? undefined : topOf(at), limitsTop()]) if (top !== undefined && existsSync(top)) removeDir(top);
}
