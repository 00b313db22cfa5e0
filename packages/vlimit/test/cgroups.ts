import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseMounts, probeCgroup, type Mount } from '@vimage/linux';
import { directory } from '../../linux/src/cgroup.ts';

const mounts = (): readonly Mount[] => parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));

/** Where the v1 hierarchy of a controller (or of a name, `name=systemd`) is mounted; `v2`: where that is. */
export const v1 = (controller: string): Mount | undefined => mounts().find(({ type, options }) => (controller === 'v2' ? type === 'cgroup2' : type === 'cgroup' && options.includes(controller)));

/** Which hierarchy limits by a controller: v1 where it is mounted, or v2 where that is had; undefined: none. */
export function kindOf(controller: string): 'v1' | 'v2' | undefined {
  if (v1(controller) !== undefined) return 'v1';
  const base = probeCgroup()?.kind === 'v2' ? probeCgroup()?.base : undefined;
  return base !== undefined && readFileSync(`${base}/cgroup.controllers`, 'utf8').trim().split(' ').includes(controller) ? 'v2' : undefined;
}

/** The directory of a process's cgroup in the hierarchy of a controller. */
function dirOf(controller: string, pid: number | 'self'): string {
  const kind = kindOf(controller);
  const mount = v1(kind === 'v1' ? controller : 'v2');
  const line = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n').find((each) => (kind === 'v2' ? each.startsWith('0::') : each.split(':')[1]?.split(',').includes(controller) === true));
  if (mount === undefined || line === undefined) throw new Error(`no hierarchy has ${controller}`);
  return directory(mount, line.split(':').slice(2).join(':')) ?? mount.at;
}

/** Why tests that need these controllers cannot run here, or undefined; of those that need them on v1, `kinds` says so. */
export function without(controllers: readonly string[], kinds: readonly ('v1' | 'v2')[] = ['v1', 'v2']): string | undefined {
  const missing = controllers.filter((each) => !kinds.some((kind) => kindOf(each) === kind));
  return missing.length === 0 ? undefined : `no hierarchy of cgroup ${kinds.join(' or ')} has ${missing.join(', ')}`;
}

/** What a file of the cgroup of a process says. */
export function fileOf(controller: string, pid: number | 'self', name: string): string {
  return readFileSync(`${dirOf(controller, pid)}/${name}`, 'utf8').trim();
}

/** What bounds an image that a process lives in, as the kernel has it: `swap` is what memory and swap may be together. */
export function boundsOf(controller: 'memory' | 'swap' | 'pids' | 'cpu', pid: number): number {
  const at = controller === 'swap' ? 'memory' : controller;
  const dir = dirOf(at, pid);
  const number = (file: string): number => Number(readFileSync(file, 'utf8').split(' ')[0]);
  if (kindOf(at) === 'v1') {
    const name = { memory: 'memory.limit_in_bytes', swap: 'memory.memsw.limit_in_bytes', pids: 'pids.max', cpu: 'cpu.cfs_quota_us' }[controller];
    return number(`${dir}/${name}`);
  }
  const image = imageDir(dir);
  if (controller === 'swap') return number(`${image}/memory.max`) + number(`${image}/memory.swap.max`);
  // Its two pid 1s are not counted as the user's.
  if (controller === 'pids') return number(`${image}/pids.max`) - (existsSync(`${image}/init`) ? 2 : 0);
  // What is around it bounds it there by itself.
  return Math.min(...chain(image).map((each) => number(`${each}/${controller}.max`)).filter((value) => !Number.isNaN(value)));
}

const imageDir = (dir: string): string => dir.replace(/\/(procs|init)$/, '');
const chain = (image: string): readonly string[] => (image.endsWith('/vimage') ? [] : [image, ...chain(dirname(image))]);

/** A file of the cgroup that bounds the image in which a process lives. */
export function boundFile(controller: string, pid: number, name: string): string {
  return readFileSync(`${imageDir(dirOf(controller, pid))}/${name}`, 'utf8').trim();
}

/** Every cgroup of images on the v1 hierarchies that limit, and on the one that tells membership, below our own. */
export function imageCgroups(): readonly string[] {
  const found: string[] = [];
  const walk = (dir: string): void => {
    for (const each of existsSync(dir) ? readdirSync(dir, { withFileTypes: true }) : []) {
      if (!each.isDirectory()) continue;
      found.push(`${dir}/${each.name}`);
      walk(`${dir}/${each.name}`);
    }
  };
  for (const controller of ['pids', 'memory', 'cpu', 'cpuacct']) if (v1(controller) !== undefined) walk(`${dirOf(controller, 'self')}/vimage`);
  const unified = probeCgroup();
  if (unified?.kind === 'v2') walk(`${unified.base}/vimage`);
  return [...new Set(found)];
}
