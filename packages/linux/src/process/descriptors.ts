import { readdirSync, readlinkSync } from 'node:fs';

/** Undefined when it fails: processes end while one looks. */
export function attempt<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch {
    return undefined;
  }
}

/** A process's open descriptors, and what each is open on (proc_pid_fd(5)); none where it has ended, or is not ours to look at. */
export function descriptorsOf(pid: number): readonly (readonly [fd: string, target: string])[] {
  return (attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []).flatMap((fd) => {
    const target = attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
    return target === undefined ? [] : [[fd, target] as const];
  });
}
