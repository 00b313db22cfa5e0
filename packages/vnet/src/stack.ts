import { VimageError, codeOf } from '@vimage/core';
import { filesIn, netlinkSocket, readIn, withNs, writeIn, type Namespace } from '@vimage/linux';
import { netlink, type Netlink } from '@vimage/netlink';
import { sysctlPath } from './params/sysctl.ts';

/**
 * A network stack that is worked on: the open namespace, and the sockets that belong to it. Every socket is opened inside the
 * namespace that this object holds open, so a command can reach no other stack, whatever stands at a name or number meanwhile.
 */
export class Stack {
  readonly ns: Namespace;
  #netlink: Netlink | undefined;

  constructor(ns: Namespace) {
    this.ns = ns;
  }

  /** Opened when first needed, then kept. */
  get nl(): Netlink {
    this.#netlink ??= netlink((family) => netlinkSocket(family, this.ns));
    return this.#netlink;
  }

  /** Calls `fn`, which must be synchronous, with this thread inside the stack. EPERM where it could not come back (see `imgctl rootless`). */
  inside<T>(fn: () => T): T {
    return withNs(this.ns, fn);
  }

  /** The value of a sysctl, or undefined where the kernel has none of that name. */
  sysctl(key: string): string | undefined {
    return readIfThere(this.ns, `/proc/sys/${sysctlPath(key)}`);
  }

  /** Sets sysctls in order. ENOENT, EINVAL and EPERM name the one that was refused. */
  setSysctls(values: Iterable<readonly [key: string, value: string]>): void {
    for (const [key, value] of values) writeSysctl(this.ns, key, value);
  }

  /** Every file directly in a directory of /proc/sys, by name. Those that cannot be read are left out. */
  sysctlDir(dir: string): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const entry of filesIfThere(this.ns, `/proc/sys/${dir}`)) {
      const value = readIfThere(this.ns, `/proc/sys/${dir}/${entry}`);
      if (value !== undefined) found.set(entry, value);
    }
    return found;
  }

  close(): void {
    this.#netlink?.close();
    this.#netlink = undefined;
    this.ns.close();
  }
}

function readIfThere(ns: Namespace, path: string): string | undefined {
  try {
    return readIn(ns, path).trimEnd();
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'EIO', 'EISDIR', 'EINVAL'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

function filesIfThere(ns: Namespace, dir: string): readonly string[] {
  try {
    return filesIn(ns, dir);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function writeSysctl(ns: Namespace, key: string, value: string): void {
  try {
    writeIn(ns, `/proc/sys/${sysctlPath(key)}`, value);
  } catch (error) {
    const code = codeOf(error) ?? 'EIO';
    const hint = code === 'ENOENT' ? 'the kernel has no such setting in a stack of its own: see sysctl -a inside the image'
      : code === 'EINVAL' ? 'the kernel does not take that value' : undefined;
    throw new VimageError(code, `sysctl ${key}=${value}: ${code}`, { subject: key, cause: error, ...(hint === undefined ? {} : { hint }) });
  }
}
