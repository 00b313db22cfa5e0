import { VimageError, codeOf } from '@vimage/core';
import { netlinkSocket, withNetFiles, withNs, type Namespace, type NetFiles } from '@vimage/linux';
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
    return withNetFiles(this.ns, (files) => files.readIfThere(`/proc/sys/${sysctlPath(key)}`))?.trimEnd();
  }

  /** Sets sysctls in order. ENOENT, EINVAL and EPERM name the one that was refused. */
  setSysctls(values: Iterable<readonly [key: string, value: string]>): void {
    withNetFiles(this.ns, (files) => {
      for (const [key, value] of values) writeSysctl(files, key, value);
    });
  }

  /** Every file directly in a directory of /proc/sys, by name. Those that cannot be read are left out. */
  sysctlDir(dir: string): ReadonlyMap<string, string> {
    try {
      return new Map([...withNetFiles(this.ns, (files) => files.readAll(`/proc/sys/${dir}`))].map(([name, value]) => [name, value.trimEnd()]));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return new Map();
      throw error;
    }
  }

  close(): void {
    this.#netlink?.close();
    this.#netlink = undefined;
    this.ns.close();
  }
}

function writeSysctl(files: NetFiles, key: string, value: string): void {
  try {
    files.write(`/proc/sys/${sysctlPath(key)}`, value);
  } catch (error) {
    const code = codeOf(error) ?? 'EIO';
    const hint = code === 'ENOENT' ? 'the kernel has no such setting in a stack of its own: see sysctl -a inside the image'
      : code === 'EINVAL' ? 'the kernel does not take that value' : undefined;
    throw new VimageError(code, `sysctl ${key}=${value}: ${code}`, { subject: key, cause: error, ...(hint === undefined ? {} : { hint }) });
  }
}
