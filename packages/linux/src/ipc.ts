import { readFileSync, writeFileSync } from 'node:fs';
import { codeOf } from '@vimage/core';
import { ipcFile, ipcOwnedBy } from './away.ts';
import { canReturn, create, withNs } from './ns.ts';
import type { Namespace } from './ns.ts';
import { asSysError } from './sys/error.ts';
import { sysctlFile } from './sysctl.ts';

/** Makes an ipc namespace; it lives as long as it is open or pinned. `users`: the user namespace whose root is to be root of it. ENOSPC, EPERM. */
export function ipcCreate(users?: Namespace): Namespace {
  return users === undefined && canReturn('ipc') ? create('ipc') : ipcOwnedBy(users);
}

function read(ns: Namespace, path: string): string {
  if (!canReturn('ipc')) return ipcFile(ns, path);
  try {
    return withNs(ns, () => readFileSync(path, 'latin1'));
  } catch (error) {
    throw asSysError(error, path);
  }
}

/** A sysctl as it is in an ipc namespace. ENOENT: the kernel has none of that name. */
export function ipcSysctl(ns: Namespace, key: string): string {
  return read(ns, sysctlFile(key)).trimEnd();
}

/** Sets a sysctl of an ipc namespace. ENOENT, EINVAL, ERANGE, EROFS, EACCES. */
export function ipcSysctlSet(ns: Namespace, key: string, value: string): void {
  const path = sysctlFile(key);
  if (canReturn('ipc')) {
    try {
      withNs(ns, () => { writeFileSync(path, value, { flag: 'r+' }); });
      return;
    } catch (error) {
      // Kernels of today let only root of the namespace's users.
      if (codeOf(error) !== 'EACCES') throw asSysError(error, key);
    }
  }
  ipcFile(ns, path, value);
}

/** How many System V objects there are in an ipc namespace: the lines of /proc/sysvipc, but for that of titles. */
export function ipcCount(ns: Namespace, kind: 'shm' | 'sem' | 'msg'): number {
  return read(ns, `/proc/sysvipc/${kind}`).trimEnd().split('\n').length - 1;
}
