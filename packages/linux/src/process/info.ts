import { readFileSync } from 'node:fs';
import type { ProcessInfo } from '@vimage/core';
import { codeOf } from '@vimage/core';

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** PF_EXITING of linux/sched.h. */
const exitingFlag = 0x4;

/** Parent, session (the number of who made it) and start (jiffies since boot) of a process, and whether it is past its end, of proc_pid_stat(5); undefined when it is gone. */
export function processStat(pid: number): { readonly parent: number; readonly session: number; readonly start: string; readonly exiting: boolean } | undefined {
  const text = read(`/proc/${pid}/stat`);
  // The program's name is in parentheses and may hold anything; field 22 is the 20th behind it.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : { parent: Number(fields[1]), session: Number(fields[3]), start: fields[19] ?? '', exiting: (Number(fields[6]) & exitingFlag) !== 0 };
}

/** What /proc says of a process; undefined when it is gone. */
export function processInfo(pid: number): ProcessInfo | undefined {
  const status = read(`/proc/${pid}/status`);
  const stat = processStat(pid);
  if (status === undefined || stat === undefined) return undefined;
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  const command = (read(`/proc/${pid}/cmdline`) ?? '').replace(/\0+$/, '').replaceAll('\0', ' ');
  return {
    pid,
    inner: field('NSpid').split(/\s+/).slice(1).map(Number),
    ppid: Number(field('PPid')),
    uid: Number(field('Uid').split(/\s/)[0]),
    state: field('State').slice(0, 1),
    start: stat.start,
    command: command === '' ? `[${field('Name')}]` : command,
  };
}

/** The path of a process's cgroup, as /proc/PID/cgroup has it: `kind` says on which hierarchy. Undefined when it is gone. */
export function cgroupText(pid: number): string | undefined {
  return read(`/proc/${pid}/cgroup`);
}
