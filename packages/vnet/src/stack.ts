import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { VimageError, codeOf } from '@vimage/core';
import { netlinkSocket, withNs, type Namespace } from '@vimage/linux';
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

  /** Calls `fn`, which must be synchronous, with this thread inside the stack. */
  inside<T>(fn: () => T): T {
    return withNs(this.ns, fn);
  }

  /** The value of a sysctl, or undefined where the kernel has none of that name. */
  sysctl(key: string): string | undefined {
    return this.inside(() => readIfThere(`/proc/sys/${sysctlPath(key)}`));
  }

  /** Sets sysctls in order. ENOENT, EINVAL and EPERM name the one that was refused. */
  setSysctls(values: Iterable<readonly [key: string, value: string]>): void {
    this.inside(() => {
      for (const [key, value] of values) writeSysctl(key, value);
    });
  }

  /** Every file directly in a directory of /proc/sys, by name. Those that cannot be read are left out. */
  sysctlDir(dir: string): ReadonlyMap<string, string> {
    return this.inside(() => {
      const found = new Map<string, string>();
      for (const entry of readDirIfThere(`/proc/sys/${dir}`)) {
        const value = readIfThere(`/proc/sys/${dir}/${entry}`);
        if (value !== undefined) found.set(entry, value);
      }
      return found;
    });
  }

  close(): void {
    this.#netlink?.close();
    this.#netlink = undefined;
    this.ns.close();
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'EIO', 'EISDIR', 'EINVAL'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

function readDirIfThere(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function writeSysctl(key: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${sysctlPath(key)}`, value, { flag: 'r+' });
  } catch (error) {
    const code = codeOf(error) ?? 'EIO';
    const hint = code === 'ENOENT' ? 'the kernel has no such setting in a stack of its own: see sysctl -a inside the image'
      : code === 'EINVAL' ? 'the kernel does not take that value' : undefined;
    throw new VimageError(code, `sysctl ${key}=${value}: ${code}`, { subject: key, cause: error, ...(hint === undefined ? {} : { hint }) });
  }
}
