import { ipcFile, ipcOwnedBy } from './away.ts';
import { canReturn, create } from './ns.ts';
import type { Namespace } from './ns.ts';
import { sysctlFile } from './sysctl.ts';

/** Makes an ipc namespace; it lives as long as it is open or pinned. `users`: the user namespace whose root is to be root of it. ENOSPC, EPERM. */
export function ipcCreate(users?: Namespace): Namespace {
  return users === undefined && canReturn('ipc') ? create('ipc') : ipcOwnedBy(users);
}

/** A sysctl as it is in an ipc namespace. ENOENT: the kernel has none of that name. */
export function ipcSysctl(ns: Namespace, key: string): string {
  return ipcFile(ns, sysctlFile(key)).trimEnd();
}

/** Sets a sysctl of an ipc namespace. ENOENT, EINVAL, ERANGE, EACCES: kernels before 6.11 let only the machine's root. */
export function ipcSysctlSet(ns: Namespace, key: string, value: string): void {
  ipcFile(ns, sysctlFile(key), value);
}

/** How many System V objects there are in an ipc namespace: the lines of /proc/sysvipc, but for that of titles. */
export function ipcCount(ns: Namespace, kind: 'shm' | 'sem' | 'msg'): number {
  return ipcFile(ns, `/proc/sysvipc/${kind}`).trimEnd().split('\n').length - 1;
}
