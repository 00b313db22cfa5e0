import { constants } from 'node:os';
import type { ProcessInfo } from '@vimage/core';
import { VimageError } from '@vimage/core';
import { cgroupPids, cgroupTree, procsDir } from '../cgroup.ts';
import type { CgroupAt } from '../cgroup.ts';
import { processInfo } from './info.ts';
import { numbersWithin } from './numbers.ts';
import { Pidfd } from './pidfd.ts';

/** EOPNOTSUPP: without a cgroup nothing tells which processes live in an image. */
export function needCgroup(at: CgroupAt | undefined, image: string): CgroupAt {
  if (at !== undefined) return at;
  throw new VimageError('EOPNOTSUPP', `which processes live in "${image}" cannot be told: it has no cgroup`, {
    subject: image,
    hint: 'mount cgroup2 (mount -t cgroup2 none /sys/fs/cgroup) or a named v1 hierarchy, writable, then make the image anew',
  });
}

/** The pids that live in an image; with `all`, its pid 1s and what is in its children too. */
export function memberPids(at: CgroupAt, all: boolean): readonly number[] {
  return cgroupTree(all ? at.path : `${at.path}/${procsDir}`, all).flatMap(cgroupPids);
}

/** What lives in an image; `own`: inode of the pid namespace that the image has. */
export function members(at: CgroupAt, own: bigint | undefined): readonly ProcessInfo[] {
  return memberPids(at, false).flatMap((pid) => {
    const info = processInfo(pid);
    return info === undefined || info.state === 'Z' || info.state === 'X' ? [] : [{ ...info, inner: numbersWithin(info, own) }];
  });
}

/** A member by its number: what it is was checked while its descriptor was open. ESRCH. */
export function member(at: CgroupAt, pid: number, image: string): Pidfd {
  const process = Pidfd.open(pid);
  if (process !== undefined) {
    if (memberPids(at, false).includes(pid) && process.alive) return process;
    process[Symbol.dispose]();
  }
  throw new VimageError('ESRCH', `no process ${pid} lives in "${image}"`, { subject: String(pid), hint: 'imgctl ps lists those that do' });
}

/** Number of a signal: `TERM`, `SIGTERM` or `15`. EINVAL. */
export function signalNumber(name: string): number {
  const number = /^\d{1,2}$/.test(name)
    ? Number(name)
    : Object.entries(constants.signals).find(([each]) => each === name.toUpperCase() || each === `SIG${name.toUpperCase()}`)?.[1];
  if (number === undefined || number > 64) throw new VimageError('EINVAL', `${JSON.stringify(name)} is no signal`, { subject: name, hint: 'expected a name such as TERM, or a number' });
  return number;
}
