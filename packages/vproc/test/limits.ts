import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseMounts } from '@vimage/linux';

const mounts = (): ReturnType<typeof parseMounts> => parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));

/** Why the number of processes cannot be limited where this test runs, or undefined. */
export const noLimit: string | undefined = (() => {
  if (mounts().some(({ type, options }) => type === 'cgroup' && options.includes('pids'))) return undefined;
  const own = mounts().find(({ type }) => type === 'cgroup2')?.at;
  const path = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '';
  const control = `${own ?? ''}${path}/cgroup.subtree_control`;
  if (own !== undefined && existsSync(control) && readFileSync(control, 'utf8').split(/\s/).includes('pids')) return undefined;
  return `the pids controller is not handed down to ${own ?? 'any cgroup'}${path}`;
})();

/** pids.max of the cgroup that limits a process. */
export function limitOn(pid: number): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trimEnd().split('\n').map((line) => line.split(':'));
  const v1 = mounts().find(({ type, options }) => type === 'cgroup' && options.includes('pids'))?.at;
  const at = v1 === undefined ? lines.find(([number]) => number === '0') : lines.find(([, controllers]) => controllers?.split(',').includes('pids'));
  const top = v1 ?? mounts().find(({ type }) => type === 'cgroup2')?.at ?? '';
  const dir = `${top}${at?.[2] ?? ''}`;
  return readFileSync(`${existsSync(`${dir}/pids.max`) ? dir : path.dirname(dir)}/pids.max`, 'utf8').trim();
}
