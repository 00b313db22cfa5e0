import { VimageError, codeOf, type ImageView, type Pairs } from '@vimage/core';
import { identityOf, ipcSysctl, ipcSysctlSet, type Identity, type LinuxSubstrate, type Namespace } from '@vimage/linux';
import { plain, type SysctlKey, type Sysctls } from './sysctl.ts';

/** What stands in the slot of `ipc`: an IPC namespace, and the file system that is its images' /dev/shm. */
export interface Vipc {
  /** Serial of the image that made it, which names its pins; undefined for the machine's own. */
  readonly serial: bigint | undefined;
  readonly ns: Namespace;
}

/** Sets sysctls in order. EINVAL, ERANGE, EACCES and ENOENT name the one that was refused. */
export function writeSysctls({ ns }: Pick<Vipc, 'ns'>, values: Sysctls): void {
  for (const [key, value] of values) {
    try {
      ipcSysctlSet(ns, key, value);
    } catch (error) {
      throw refused(error, key, value);
    }
  }
}

/** As they are now. */
export function readSysctls({ ns }: Pick<Vipc, 'ns'>, keys: Iterable<SysctlKey>): Sysctls {
  return new Map([...keys].map((key) => [key, plain(ipcSysctl(ns, key))]));
}

const hints: Readonly<Record<string, string>> = {
  EINVAL: 'the kernel does not take that value: see proc_sys_kernel(5), mq_overview(7)',
  ERANGE: 'the kernel does not take that value: see proc_sys_kernel(5), mq_overview(7)',
  ENOENT: 'this kernel has no such setting in an IPC namespace of its own',
  EACCES: 'an older kernel lets only the machine’s root set these',
  EROFS: '/proc/sys is read-only here: run it outside of the image or container',
};

function refused(error: unknown, key: string, value: string): VimageError {
  const code = codeOf(error) ?? 'EIO';
  const hint = hints[code];
  return new VimageError(code, `sysctl ${key}=${value}: ${code}`, { subject: key, cause: error, ...(hint === undefined ? {} : { hint }) });
}

/** Which namespace the registry says that it is. EBADMSG. */
export function readSaved(saved: Pairs, image: string): Identity {
  const known = identityOf(saved);
  if (known !== undefined) return known;
  throw new VimageError('EBADMSG', `what the registry keeps of the IPC of "${image}" is damaged`, { subject: image, hint: `imgctl destroy ${image}, then create it again` });
}

/** Opens the namespace of an image by its pin. ESTALE: it is gone. */
export async function openPinned(lx: LinuxSubstrate, { serial, name }: Pick<ImageView, 'serial' | 'name'>): Promise<Namespace> {
  try {
    return await lx.openPin(serial, 'ipc', 'ipc');
  } catch (error) {
    if (!['ENOENT', 'ESTALE'].includes(codeOf(error) ?? '')) throw error;
    throw stale(name, 'is gone: its pin was unmounted, or never made', error);
  }
}

/** What the registry says of an image's IPC is not so any more. */
export function stale(name: string, what: string, cause?: unknown): VimageError {
  return new VimageError('ESTALE', `the IPC namespace of "${name}" ${what}`, { subject: name, hint: `imgctl destroy ${name}, then create it again`, cause });
}
