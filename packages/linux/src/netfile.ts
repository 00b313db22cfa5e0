import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { codeOf } from '@vimage/core';
import { away } from './away.ts';
import { isOwn, withNs } from './ns.ts';
import type { Namespace } from './ns.ts';

/** Files of /proc/sys/net and /proc/thread-self/net, as they are in one network namespace. */
export interface NetFiles {
  read(path: string): string;
  write(path: string, value: string): void;
  /** What {@link NetFiles.read} gives; undefined of one that is not there, or only takes. */
  readIfThere(path: string): string | undefined;
  /** Every file directly in a directory that can be read, by name. ENOENT. */
  readAll(dir: string): ReadonlyMap<string, string>;
}

function netFiles(read: NetFiles['read'], write: NetFiles['write']): NetFiles {
  const readIfThere = (path: string): string | undefined => {
    try {
      return read(path);
    } catch (error) {
      if (['ENOENT', 'EACCES', 'EPERM', 'EIO', 'EISDIR', 'EINVAL'].includes(codeOf(error) ?? '')) return undefined;
      throw error;
    }
  };
  return {
    read,
    write,
    readIfThere,
    // What there is to set is the same in every namespace; only what it is set to is not.
    readAll: (dir) => new Map(readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isFile()).flatMap(({ name }): [string, string][] => {
      const value = readIfThere(`${dir}/${name}`);
      return value === undefined ? [] : [[name, value]];
    })),
  };
}

const here: NetFiles = netFiles((path) => readFileSync(path, 'latin1'), (path, value) => { writeFileSync(path, value, { flag: 'r+' }); });

/** Calls `fn`, which must be synchronous, with the files of a network namespace: in one crossing, or by way of imgexec where we could not come back. */
export function withNetFiles<T>(ns: Namespace, fn: (files: NetFiles) => T): T {
  const other = away();
  if (other === undefined) return withNs(ns, () => fn(here));
  if (isOwn(ns)) return fn(here);
  return fn(netFiles((path) => other.text(ns, 'read', path), (path, value) => { other.text(ns, 'write', path, value); }));
}
