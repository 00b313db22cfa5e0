import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { codeOf } from '@vimage/core';
import { away } from './away.ts';
import { isOwn, withNs } from './ns.ts';
import type { Namespace } from './ns.ts';

/** Who goes there for us, if we cannot. */
function otherIn(ns: Namespace): ReturnType<typeof away> {
  const other = away();
  return other === undefined || isOwn(ns) ? undefined : other;
}

function here<T>(ns: Namespace, fn: () => T): T {
  return away() === undefined ? withNs(ns, fn) : fn();
}

/** Reads a file of /proc/sys/net or /proc/thread-self/net as it is in a network namespace. */
export function readIn(ns: Namespace, path: string): string {
  return otherIn(ns)?.text(ns, 'read', path) ?? here(ns, () => readFileSync(path, 'latin1'));
}

/** Writes one of /proc/sys/net. */
export function writeIn(ns: Namespace, path: string, value: string): void {
  if (otherIn(ns)?.text(ns, 'write', path, value) === undefined) here(ns, () => { writeFileSync(path, value, { flag: 'r+' }); });
}

/** Every file directly in a directory of /proc/sys/net that can be read, by name. ENOENT. */
export function readAllIn(ns: Namespace, dir: string): ReadonlyMap<string, string> {
  const other = otherIn(ns);
  // What there is to set is the same in every namespace; only what it is set to is not.
  return other === undefined ? here(ns, () => readAll(dir, (path) => readFileSync(path, 'latin1'))) : readAll(dir, (path) => other.text(ns, 'read', path));
}

function readAll(dir: string, read: (path: string) => string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    try {
      found.set(entry.name, read(`${dir}/${entry.name}`));
    } catch (error) {
      if (!unreadable.has(codeOf(error) ?? '')) throw error;
    }
  }
  return found;
}

/** What is said of a setting that only takes, or is not there. */
const unreadable: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'EPERM', 'EIO', 'EISDIR', 'EINVAL']);

/** Writes files of /proc/sys/net, in order. `refused` makes the error of the one that was not taken. */
export function writeAllIn(ns: Namespace, values: Iterable<readonly [path: string, value: string]>, refused: (path: string, error: unknown) => Error): void {
  const other = otherIn(ns);
  const each = (write: (path: string, value: string) => void): void => {
    for (const [path, value] of values) {
      try {
        write(path, value);
      } catch (error) {
        throw refused(path, error);
      }
    }
  };
  if (other === undefined) here(ns, () => { each((path, value) => { writeFileSync(path, value, { flag: 'r+' }); }); });
  else each((path, value) => { other.text(ns, 'write', path, value); });
}
