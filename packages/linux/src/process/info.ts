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

/** Milliseconds in a tick of USER_HZ, in which the kernel tells times. */
const tick = 10;

/** What proc_pid_stat(5) says of a process: its parent, its session (the number of who made it), its start (jiffies since boot), milliseconds of processor time, and whether it is past its end. */
interface ProcessStat {
  readonly parent: number;
  readonly session: number;
  readonly start: string;
  readonly cpu: number;
  readonly exiting: boolean;
}

/** Undefined when it is gone. */
export function processStat(pid: number): ProcessStat | undefined {
  const text = read(`/proc/${pid}/stat`);
  // The program's name is in parentheses and may hold anything; field 22 is the 20th behind it.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields === undefined) return undefined;
  return {
    parent: Number(fields[1]), session: Number(fields[3]), start: fields[19] ?? '', cpu: (Number(fields[11]) + Number(fields[12])) * tick, exiting: (Number(fields[6]) & exitingFlag) !== 0,
  };
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
    cpu: stat.cpu,
    memory: Number(/^\d+/.exec(field('VmRSS'))?.[0] ?? 0) * 1024,
    command: command === '' ? `[${field('Name')}]` : command,
  };
}

/** The path of a process's cgroup, as /proc/PID/cgroup has it: `kind` says on which hierarchy. Undefined when it is gone. */
export function cgroupText(pid: number): string | undefined {
  return read(`/proc/${pid}/cgroup`);
}
