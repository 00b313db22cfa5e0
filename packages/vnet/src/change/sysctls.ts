import type { Job } from './job.ts';

/** Sets what differs, before addresses are: some settings decide what an address does. */
export function changeSysctls(job: Job): void {
  const changed = [...job.after.sysctls].filter(([key, value]) => job.before.sysctls.get(key) !== value);
  for (const key of job.before.sysctls.keys()) {
    if (!job.after.sysctls.has(key)) job.notes.push(`sysctl ${key} stays as it is until it is set again`);
  }
  if (changed.length === 0) return;
  // A setting of an interface wants that interface.
  job.work.send();
  for (const [key, value] of changed) {
    const was = job.fresh ? undefined : job.own.sysctl(key);
    job.own.setSysctls([[key, value]]);
    if (was !== undefined) job.scope.defer(() => { job.own.setSysctls([[key, was]]); });
  }
}
