import { VimageError } from '@vimage/core';
import { withNetFiles } from './netfile.ts';
import type { Namespace } from './ns.ts';
import { asSysError } from './sys/error.ts';

/** The file of a key: `net.ipv4.ip_forward`, or with slashes where a name in it has a dot. EINVAL. */
export function sysctlFile(key: string): string {
  const parts = key.includes('/') ? key.split('/') : key.split('.');
  if (parts.some((part) => part === '' || part === '..' || part === '.' || part.includes('\0'))) {
    throw new VimageError('EINVAL', `${JSON.stringify(key)} is no sysctl key`, { subject: key, hint: 'such as net.ipv4.ip_forward, or net/ipv4/conf/eth0.5/forwarding' });
  }
  return `/proc/sys/${parts.join('/')}`;
}

/** Reads a sysctl as it is in a network namespace. ENOENT: the kernel has none of that name there. */
export function readSysctl(ns: Namespace, key: string): string {
  const path = sysctlFile(key);
  try {
    return withNetFiles(ns, (files) => files.read(path)).trimEnd();
  } catch (error) {
    throw asSysError(error, key);
  }
}

/** Writes a sysctl in a network namespace. ENOENT, EINVAL, EACCES. */
export function writeSysctl(ns: Namespace, key: string, value: string): void {
  const path = sysctlFile(key);
  try {
    withNetFiles(ns, (files) => { files.write(path, value); });
  } catch (error) {
    throw asSysError(error, key);
  }
}
