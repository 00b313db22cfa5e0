import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { ifThere } from '../sys/file.ts';
import { processInfo } from './info.ts';
import { Pidfd } from './pidfd.ts';

/** PF_EXITING, in the flags of /proc/PID/stat: it runs no instruction of its own any more. */
const EXITING = 4;

/** Processes that stand in one of some pid namespaces (`pid:[INODE]`): those that live, and those that have ended or are about to. */
export interface Standing {
  readonly living: readonly number[];
  readonly ended: readonly number[];
}

export function standingIn(namespaces: ReadonlySet<string>): Standing {
  const living: number[] = [];
  const ended: number[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || !namespaces.has(pidNamespaceOf(pid) ?? '')) continue;
    const stat = ifGone(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
    if (stat === undefined) continue;
    const [state = 'X', , , , , , flags = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    (state === 'Z' || state === 'X' || (Number(flags) & EXITING) !== 0 ? ended : living).push(pid);
  }
  return { living, ended };
}

/** The pid namespace in which a process stands, as `pid:[INODE]`; undefined when it is gone, or not ours to look at. */
export function pidNamespaceOf(pid: number): string | undefined {
  return ifGone(() => readlinkSync(`/proc/${pid}/ns/pid`));
}

function ifGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/**
 * Lets whoever has to wait for these processes, which have ended, go on where it is stopped: imgexec stops with its program, as a
 * shell's job does, and a pid namespace does not end before all that were in it have been waited for.
 */
export function wakeParents(pids: Iterable<number>): void {
  for (const pid of pids) {
    const ended = processInfo(pid);
    if (ended?.state !== 'Z' || ended.ppid === 0) continue;
    using parent = Pidfd.open(ended.ppid);
    if (parent === undefined || processInfo(parent.pid)?.state !== 'T') continue;
    const name = ifThere(() => readFileSync(`/proc/${parent.pid}/comm`, 'latin1'));
    // Its number is its own as long as there is someone it has to wait for.
    if (name === 'imgexec\n' && processInfo(pid)?.ppid === parent.pid) parent.signal(constants.signals.SIGCONT);
  }
}
