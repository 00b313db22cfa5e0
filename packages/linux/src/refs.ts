import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import type { Holder } from '@vimage/core';
import { madeBy } from './made.ts';
import { exists } from './ns.ts';
import { attempt, descriptorsOf } from './process/descriptors.ts';
import type { Membership } from './process/membership.ts';
import { processInfo, processStat } from './process/info.ts';
import { parseMounts } from './mountinfo.ts';
import type { Join } from './registry/entry.ts';

/** What to look for. */
export interface Sought {
  /** `type:[inode]`, as /proc has them. */
  readonly namespaces: ReadonlySet<string>;
  /** Directories whose files (lock, owner) a living kernel holds open. */
  readonly dir: string | undefined;
  /** Of an image whose components are not asked: what programs say of their sockets in it. */
  readonly sockets?: bigint | undefined;
  readonly members: Membership | undefined;
  /** Processes that do not count: imgexec of ours, that holds the pins. */
  readonly except: ReadonlySet<number>;
  /** The pins' mount namespace; what is bound there is ours. */
  readonly pins: bigint | undefined;
}

function command(pid: number): string {
  return processInfo(pid)?.command ?? '?';
}

/** Everything that holds what is sought, by one walk over /proc. */
export function findHolders(sought: Sought): Holder[] {
  const holders: Holder[] = [];
  const members = new Set(sought.members?.pids(false));
  const mounts = new Set<bigint>();
  // The image's own processes are part of it.
  const own = new Set(sought.members?.own());
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || sought.except.has(pid) || own.has(pid)) continue;
    if (members.has(pid)) holders.push({ kind: 'process', pid, detail: command(pid) });
    else if (sought.namespaces.size > 0) {
      for (const ns of new Set(namespacesOf(pid))) {
        if (sought.namespaces.has(ns) && !isNobody(pid)) holders.push({ kind: 'visitor', pid, detail: `stands in ${ns}: ${command(pid)}` });
      }
    }
    const descriptors = descriptorsOf(pid);
    if (sought.sockets !== undefined) {
      for (const { serial, text } of madeBy(pid, descriptors)) if (serial === sought.sockets) holders.push({ kind: 'socket', pid, detail: `${text}: ${command(pid)}` });
    }
    for (const [fd, target] of descriptors) {
      const ns = sought.namespaces.has(target) ? target : target.startsWith('/') ? pinnedAs(`/proc/${pid}`, fd, sought.namespaces) : undefined;
      if (ns !== undefined) holders.push({ kind: 'fd', pid, detail: `descriptor ${fd} is ${ns}: ${command(pid)}` });
      else if (sought.dir !== undefined && pid !== process.pid && (target === sought.dir || (target.startsWith(`${sought.dir}/`) && !target.startsWith(`${sought.dir}/img/`)))) {
        holders.push({ kind: 'kernel', pid, detail: `has ${target.slice(sought.dir.length + 1) || 'the directory'} open: ${command(pid)}` });
      }
    }
    if (sought.namespaces.size > 0) holders.push(...mountsOf(pid, sought, mounts));
  }
  return holders;
}

/** What has ended holds nothing, waited for or not: a pid 1 ends when all it had were waited for, which another parent may never do. */
function isNobody(pid: number): boolean {
  return processStat(pid)?.exiting !== false;
}

/**
 * The namespace that a descriptor is, where it was opened by the path of a pin: the link has that path then. Its inode is asked of
 * fdinfo first, as a stat of every open file could wait for a dead file server.
 */
function pinnedAs(process: string, fd: string, namespaces: ReadonlySet<string>): string | undefined {
  const ino = /^ino:\s*(\d+)$/m.exec(attempt(() => readFileSync(`${process}/fdinfo/${fd}`, 'latin1')) ?? '')?.[1];
  const found = [...namespaces].find((name) => name.endsWith(`:[${ino ?? ''}]`));
  if (found === undefined) return undefined;
  const dev = attempt(() => statSync(`${process}/fd/${fd}`).dev);
  return dev === statSync('/proc/self/ns/net').dev ? found : undefined;
}

/** Of the process and of its threads: they may stand elsewhere. */
function namespacesOf(pid: number): readonly string[] {
  const tasks = attempt(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return tasks.flatMap((task) =>
    ['net', 'uts', 'ipc', 'cgroup', 'pid', 'mnt', 'user', 'time'].flatMap((type) => attempt(() => readlinkSync(`/proc/${pid}/task/${task}/ns/${type}`)) ?? []),
  );
}

/** Binds of a namespace outside the pins, once for each mount namespace. */
function mountsOf(pid: number, sought: Sought, seen: Set<bigint>): readonly Holder[] {
  const ns = attempt(() => statSync(`/proc/${pid}/ns/mnt`, { bigint: true }).ino);
  if (ns === undefined || ns === sought.pins || seen.has(ns)) return [];
  seen.add(ns);
  const text = attempt(() => readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
  if (text === undefined || !text.includes(' nsfs ')) return [];
  return parseMounts(text).flatMap(({ type, root, at }) =>
    type === 'nsfs' && sought.namespaces.has(root) ? [{ kind: 'mount', pid, detail: `${root} is mounted at ${at} (mount namespace of ${command(pid)})` }] : [],
  );
}

/** Why a namespace is still there that no process stands in or has open: only a network stack can be kept by its sockets. */
export function unseen(own: readonly Join[]): readonly Holder[] {
  return own.flatMap(({ type, ino, id }): Holder[] =>
    (type === 'net' && exists(type, ino, id) === true ? [{ kind: 'socket', detail: `net:[${ino}] is kept by a socket: of a process that stands elsewhere, or on its way to one` }] : []));
}
