import { accessSync, constants, existsSync, readFileSync, readdirSync } from 'node:fs';
import { VimageError, codeOf } from '@vimage/core';
import { ownMounts } from './mountinfo.ts';
import type { Mount } from './mountinfo.ts';
import { ifThere, needDir, poke, removeDir } from './sys/file.ts';

/**
 * Below an image's cgroup: `procs` holds the processes that live in it, `init` its pid 1s, which are no one's command, and a
 * number is a child image. So that limits can be set on the whole, and that ending the processes spares what others share.
 */
export const procsDir = 'procs';
export const initDir = 'init';

export interface CgroupAt {
  /** Absolute directory. */
  readonly path: string;
  readonly kind: 'v1' | 'v2';
}

/** A hierarchy, and where in it this process stands. */
export interface Hierarchy {
  readonly kind: 'v1' | 'v2';
  readonly mount: string;
  /** Our own cgroup's directory. */
  readonly own: string;
}

interface Line {
  readonly controllers: readonly string[];
  readonly path: string;
}

/** Lines of /proc/PID/cgroup (cgroups(7)). */
export function parseCgroups(text: string): readonly Line[] {
  return text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    return controllers === undefined || path === undefined ? [] : [{ controllers: controllers.split(','), path }];
  });
}

/** The directory of a cgroup on a mount; undefined when it is not below what is mounted there. */
function directory(mount: Mount, path: string): string | undefined {
  if (mount.root === '/') return path === '/' ? mount.at : mount.at + path;
  if (path === mount.root) return mount.at;
  return path.startsWith(`${mount.root}/`) ? mount.at + path.slice(mount.root.length) : undefined;
}

function hierarchy(kind: 'v1' | 'v2', mount: Mount | undefined, path: string | undefined): Hierarchy | undefined {
  const own = mount === undefined || path === undefined ? undefined : directory(mount, path);
  if (mount === undefined || own === undefined) return undefined;
  try {
    accessSync(own, constants.W_OK);
  } catch {
    return undefined;
  }
  return { kind, mount: mount.at, own };
}

/**
 * The hierarchy in which a process's image can be told: v2 (with or without controllers, also beside v1), else a named v1
 * hierarchy, else none.
 */
export function probeCgroup(mounts: readonly Mount[] = ownMounts(), lines: readonly Line[] = ownLines()): Hierarchy | undefined {
  const v2 = hierarchy('v2', mounts.find(({ type }) => type === 'cgroup2'), lines.find(({ controllers }) => controllers[0] === '')?.path);
  if (v2 !== undefined) return v2;
  for (const mount of mounts) {
    const name = mount.type === 'cgroup' ? mount.options.find((option) => option.startsWith('name=')) : undefined;
    const found = name === undefined ? undefined : hierarchy('v1', mount, lines.find(({ controllers }) => controllers.includes(name))?.path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function ownLines(): readonly Line[] {
  return parseCgroups(readFileSync('/proc/thread-self/cgroup', 'utf8'));
}

const inImage = /^(.*?\/vimage)((?:\/\d+)+)(?:\/|$)/;

/** The serial of the image whose cgroup that is, or undefined. */
export function serialOf(path: string): bigint | undefined {
  const last = inImage.exec(path)?.[2]?.split('/').pop();
  return last === undefined ? undefined : BigInt(last);
}

/** Where the cgroup of a child of img0, as this process sees it, is. */
export function topCgroup(at: Hierarchy, serial: bigint): CgroupAt {
  const [, base = '', serials = ''] = inImage.exec(at.own) ?? [];
  const top = base === '' ? `${at.own === '/' ? '' : at.own}/vimage` : base + serials;
  return { path: `${top}/${serial}`, kind: at.kind };
}

/** The directory that holds the cgroups of the images that this process makes. */
export function topOf(at: Hierarchy): string {
  return topCgroup(at, 0n).path.replace(/\/0$/, '');
}

/** The pids in one cgroup; none where it was not made yet. Those outside our pid namespace are left out. */
export function cgroupPids(path: string): readonly number[] {
  try {
    const text = readFileSync(`${path}/cgroup.procs`, 'latin1');
    return text === '' ? [] : text.trimEnd().split('\n').map(Number).filter((pid) => pid > 0);
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'EOPNOTSUPP'].includes(codeOf(error) ?? '')) return [];
    throw error;
  }
}

/** The cgroups below one, itself last; those with the name of an image only with `images`. */
export function cgroupTree(path: string, images: boolean): readonly string[] {
  const below = ifThere(() => (existsSync(path) ? readdirSync(path, { withFileTypes: true }) : undefined));
  if (below === undefined) return [];
  const inner = below.filter((entry) => entry.isDirectory() && (images || !/^\d+$/.test(entry.name)));
  return [...inner.flatMap((entry) => cgroupTree(`${path}/${entry.name}`, images)), path];
}

/** Ends all in a cgroup and below at once; false where this kernel cannot (cgroup.kill: v2 since Linux 5.14). */
export function cgroupKill({ path, kind }: CgroupAt): boolean {
  if (kind !== 'v2' || !existsSync(`${path}/cgroup.kill`)) return false;
  poke(`${path}/cgroup.kill`, '1');
  return true;
}

/** Lets tasks that were stopped by the freezer run on, in a cgroup and below; v2 only. */
export function cgroupThaw({ path, kind }: CgroupAt): void {
  if (kind !== 'v2') return;
  for (const each of cgroupTree(path, true)) {
    const file = `${each}/cgroup.freeze`;
    if (existsSync(file) && readFileSync(file, 'latin1').trim() === '1') poke(file, '0');
  }
}

/** Removes a cgroup and what is below; true when it is gone, false when something still is in it. */
export function cgroupRemove(path: string): boolean {
  if (!existsSync(path)) return true;
  if (removeDir(path)) return true;
  for (const each of cgroupTree(path, true)) removeDir(each);
  return !existsSync(path);
}

/**
 * Limits how many processes an image may have: pids.max of its cgroup where the pids controller is v2, else of a cgroup of the
 * v1 pids hierarchy, into which the processes that live in the image are moved (what they start stays there) and which imgexec
 * enters too. Returns the directory that holds the limit. Undefined: no limit. EOPNOTSUPP: no pids controller.
 */
export function pidsLimit(at: CgroupAt | undefined, max: number | undefined): string {
  if (at?.kind === 'v2') {
    const parent = at.path.slice(0, at.path.lastIndexOf('/'));
    needTree(at.path);
    if (existsSync(`${at.path}/pids.max`) || enable(parent)) {
      // The two pid 1s count there, and are not the user's.
      poke(`${at.path}/pids.max`, max === undefined ? 'max' : String(max + 2));
      return at.path;
    }
  }
  const top = pidsTop();
  if (at === undefined || top === undefined) {
    throw new VimageError('EOPNOTSUPP', 'the number of processes cannot be limited here: no cgroup hierarchy has the pids controller', {
      subject: 'pids', hint: 'mount cgroup2, with "pids" in its cgroup.controllers',
    });
  }
  const path = `${top}${inImage.exec(at.path)?.[2] ?? ''}`;
  needTree(path);
  poke(`${path}/pids.max`, max === undefined ? 'max' : String(max));
  for (const pid of cgroupTree(`${at.path}/${procsDir}`, true).flatMap(cgroupPids)) {
    try {
      poke(`${path}/cgroup.procs`, String(pid));
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') throw error;
    }
  }
  return path;
}

function enable(path: string): boolean {
  if (!readFileSync(`${path}/cgroup.controllers`, 'latin1').split(/\s/).includes('pids')) return false;
  poke(`${path}/cgroup.subtree_control`, '+pids');
  return true;
}

/** Makes a cgroup and those above it. */
export function needTree(path: string): void {
  if (existsSync(path)) return;
  needTree(path.slice(0, path.lastIndexOf('/')));
  needDir(path, 0o755);
}

let limits: string | undefined | null = null;

/** The directory `vimage` in the v1 pids hierarchy, there or not; undefined where it is not mounted. Looked for once. */
function pidsTop(): string | undefined {
  if (limits !== null) return limits;
  const mount = ownMounts().find(({ type, options }) => type === 'cgroup' && options.includes('pids'));
  const own = mount === undefined ? undefined : directory(mount, ownLines().find(({ controllers }) => controllers.includes('pids'))?.path ?? '/');
  return (limits = own === undefined ? undefined : `${own.replace(/\/vimage(\/.*)?$/, '')}/vimage`);
}

/** Where {@link pidsLimit} put a limit on the v1 hierarchy, if there is one. */
export function pidsPath(at: CgroupAt): string | undefined {
  const top = pidsTop();
  const path = top === undefined ? undefined : `${top}${inImage.exec(at.path)?.[2] ?? ''}`;
  return path !== undefined && existsSync(path) ? path : undefined;
}

/** Removes what holds the images' cgroups, of membership and of limits, where it is empty. */
export function removeTops(at: Hierarchy | undefined): void {
  for (const top of [at === undefined ? undefined : topOf(at), pidsTop()]) if (top !== undefined && existsSync(top)) removeDir(top);
}
