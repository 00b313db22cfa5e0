import { accessSync, constants, existsSync, readFileSync, readdirSync } from 'node:fs';
import { codeOf } from '@vimage/core';
import { cgroupBase } from './cgroup-base.ts';
import { ownMounts } from './mountinfo.ts';
import type { Mount } from './mountinfo.ts';
import { ifThere, needDir, poke, removeDir } from './sys/file.ts';

/**
 * Below an image's cgroup: `procs` holds the processes that live in it, `init` its pid 1s, which are no one's command, and a
 * number is a child image. So that limits can be set on the whole, and that ending the processes spares what others share.
 */
export const procsDir = 'procs';
export const initDir = 'init';

/** A cgroup. */
export interface CgroupDir {
  /** Absolute directory. */
  readonly path: string;
  readonly kind: 'v1' | 'v2';
}

/** The cgroup of an image. */
export interface CgroupAt extends CgroupDir {
  /** Where its processes are on each v1 hierarchy that limits, once something is limited there: a directory on each, there or not. */
  readonly limits: readonly string[];
}

/** A hierarchy, and where in it this process stands. */
export interface Hierarchy {
  readonly kind: 'v1' | 'v2';
  readonly mount: string;
  /** Our own cgroup's directory. */
  readonly own: string;
  /** That below which those of images are made. */
  readonly base: string;
}

export interface Line {
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
export function directory(mount: Mount, path: string): string | undefined {
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
  return { kind, mount: mount.at, own, base: kind === 'v2' ? cgroupBase(mount.at, own) : own };
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

export function ownLines(): readonly Line[] {
  return parseCgroups(readFileSync('/proc/thread-self/cgroup', 'utf8'));
}

const inImage = /^(.*?\/vimage)((?:\/\d+)+)(?:\/|$)/;

/** The directory `vimage` that an image's cgroup is in, and the way from there: `/SERIAL/SERIAL`. */
export function chainOf(path: string): { readonly top: string; readonly serials: string } | undefined {
  const [, top, serials] = inImage.exec(path) ?? [];
  return top === undefined || serials === undefined ? undefined : { top, serials };
}

/** The serial of the image whose cgroup that is, or undefined. */
export function serialOf(path: string): bigint | undefined {
  const last = inImage.exec(path)?.[2]?.split('/').pop();
  return last === undefined ? undefined : BigInt(last);
}

/** Where the cgroup of a child of img0, as this process sees it, is. */
export function topCgroup(at: Hierarchy, serial: bigint): CgroupDir {
  const [, around = '', serials = ''] = inImage.exec(at.own) ?? [];
  const top = around === '' ? `${at.base === '/' ? '' : at.base}/vimage` : around + serials;
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
export function cgroupKill({ path, kind }: CgroupDir): boolean {
  if (kind !== 'v2' || !existsSync(`${path}/cgroup.kill`)) return false;
  poke(`${path}/cgroup.kill`, '1');
  return true;
}

/** Lets tasks that were stopped by the freezer run on, in a cgroup and below; v2 only. */
export function cgroupThaw({ path, kind }: CgroupDir): void {
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

/** Makes a cgroup and those above it. */
export function needTree(path: string): void {
  if (existsSync(path)) return;
  needTree(path.slice(0, path.lastIndexOf('/')));
  needDir(path, 0o755);
}
