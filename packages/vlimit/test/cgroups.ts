import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { parseMounts, type Mount } from '@vimage/linux';

const mounts = (): readonly Mount[] => parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));

/** Where the v1 hierarchy of a controller (or of a name, `name=systemd`) is mounted; `v2`: where that is. */
export const v1 = (controller: string): Mount | undefined => mounts().find(({ type, options }) => (controller === 'v2' ? type === 'cgroup2' : type === 'cgroup' && options.includes(controller)));

/** The directory of a process's cgroup, or of one by its path: on the v1 hierarchy of a controller. */
function dirOf(controller: string, pid: number | 'self'): string {
  const mount = v1(controller);
  const line = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n').find((each) => each.split(':')[1]?.split(',').includes(controller) === true);
  if (mount === undefined || line === undefined) throw new Error(`no v1 hierarchy has ${controller}`);
  const path = line.split(':').slice(2).join(':');
  return `${mount.at}${path === '/' ? '' : path}`;
}

/** Why tests that need these v1 controllers cannot run here, or undefined. */
export function without(...controllers: readonly string[]): string | undefined {
  const missing = controllers.filter((each) => v1(each) === undefined);
  return missing.length === 0 ? undefined : `no v1 hierarchy with ${missing.join(', ')} is mounted, and v2 with them is not tested here`;
}

/** What a file of the v1 cgroup of a process says. */
export function fileOf(controller: string, pid: number | 'self', name: string): string {
  return readFileSync(`${dirOf(controller, pid)}/${name}`, 'utf8').trim();
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
  const unified = mounts().find(({ type }) => type === 'cgroup2')?.at;
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  if (unified !== undefined) walk(`${unified}${own === '/' ? '' : own}/vimage`);
  return [...new Set(found)];
}
