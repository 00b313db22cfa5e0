import { VimageError, codeOf } from '@vimage/core';
import { netlinkSocket, readAllIn, readIn, withNs, writeAllIn, type Namespace } from '@vimage/linux';
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
    const paths = new Map([...values].map(([key, value]) => [`/proc/sys/${sysctlPath(key)}`, { key, value }]));
    writeAllIn(this.ns, [...paths].map(([path, { value }]) => [path, value] as const), (path, error) => refused(paths.get(path), error));
  }

  /** Every file directly in a directory of /proc/sys, by name. Those that cannot be read are left out. */
  sysctlDir(dir: string): ReadonlyMap<string, string> {
    try {
      return new Map([...readAllIn(this.ns, `/proc/sys/${dir}`)].map(([name, value]) => [name, value.trimEnd()]));
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

function readIfThere(ns: Namespace, path: string): string | undefined {
  try {
    return readIn(ns, path).trimEnd();
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'EIO', 'EISDIR', 'EINVAL'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

function refused(asked: { readonly key: string; readonly value: string } | undefined, error: unknown): VimageError {
  const code = codeOf(error) ?? 'EIO';
  const key = asked?.key ?? '';
  const hint = code === 'ENOENT' ? 'the kernel has no such setting in a stack of its own: see sysctl -a inside the image'
    : code === 'EINVAL' ? 'the kernel does not take that value' : undefined;
  return new VimageError(code, `sysctl ${key}=${asked?.value ?? ''}: ${code}`, { subject: key, cause: error, ...(hint === undefined ? {} : { hint }) });
}
