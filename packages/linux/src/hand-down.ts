import { dirname } from 'node:path';
import { words } from './cgroup-base.ts';
import { chainOf } from './cgroup.ts';
import { poke } from './sys/file.ts';

/**
 * Hands a v2 controller down to an image's cgroup, from the cgroup around `vimage` on: each on the way names it in `cgroup.subtree_control`
 * (cgroups(7)). That first one is the user's, and holds processes: the kernel lets it hand down only if it is the root of the hierarchy. False: it is
 * not had there, or may not be handed on.
 */
export function handDown(path: string, controller: string): boolean {
  const chain = chainOf(path);
  if (chain === undefined) return false;
  const { top, serials } = chain;
  const above = serials.split('/').slice(1, -1);
  const givers = [dirname(top), ...above.reduce<string[]>((dirs, serial) => [...dirs, `${dirs.at(-1) ?? ''}/${serial}`], [top])];
  for (const dir of givers) {
    if (words(`${dir}/cgroup.subtree_control`).includes(controller)) continue;
    if (!words(`${dir}/cgroup.controllers`).includes(controller)) return false;
    try {
      poke(`${dir}/cgroup.subtree_control`, `+${controller}`);
    } catch {
      // EBUSY: processes are in it; EACCES, EROFS: it is not ours.
      return false;
    }
  }
  return true;
}
