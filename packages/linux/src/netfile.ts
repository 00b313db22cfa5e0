import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
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

/** The files directly in a directory of /proc/sys/net, by name. */
export function filesIn(ns: Namespace, dir: string): readonly string[] {
  const list = (): readonly string[] => readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name);
  // What there is to set is the same in every namespace; only what it is set to is not.
  return away() === undefined ? withNs(ns, list) : list();
}
