import { existsSync } from 'node:fs';
import { addNetns, netnsEntry, netnsPath, removeNetns } from '../netns.ts';
import type { Job } from './job.ts';

/** Shows the stack to ip-netns(8), or no more. */
export async function changeNetns(job: Job): Promise<void> {
  const had = !job.fresh && (job.beforeValues.netns ?? false);
  const has = job.values.netns ?? false;
  const { name } = job.image;
  const { ns } = job.own;
  if (has === had) return;
  if (has) {
    await job.stage.journal('net', netnsEntry(name, ns));
    // A change that is taken back may not have come so far as to take the name away.
    if (!(job.tolerant && existsSync(netnsPath(name)))) addNetns(name, ns);
    job.scope.defer(() => void removeNetns(name, String(ns.ino)));
  } else {
    removeNetns(name, String(ns.ino));
    job.scope.defer(() => { addNetns(name, ns); });
  }
}
