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

/** What /proc says of a process; undefined when it is gone. */
export function processInfo(pid: number): ProcessInfo | undefined {
  const status = read(`/proc/${pid}/status`);
  const stat = read(`/proc/${pid}/stat`);
  if (status === undefined || stat === undefined) return undefined;
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  // The program's name is in parentheses and may hold anything; field 22 is the 20th behind it.
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  const command = (read(`/proc/${pid}/cmdline`) ?? '').replace(/\0+$/, '').replaceAll('\0', ' ');
  return {
    pid,
    inner: field('NSpid').split(/\s+/).slice(1).map(Number),
    ppid: Number(field('PPid')),
    uid: Number(field('Uid').split(/\s/)[0]),
    state: field('State').slice(0, 1),
    start,
    command: command === '' ? `[${field('Name')}]` : command,
  };
}

/** The path of a process's cgroup, as /proc/PID/cgroup has it: `kind` says on which hierarchy. Undefined when it is gone. */
export function cgroupText(pid: number): string | undefined {
  return read(`/proc/${pid}/cgroup`);
}
