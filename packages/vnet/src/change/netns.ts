import { addNetns, netnsEntry, removeNetns } from '../netns.ts';
import type { Job } from './job.ts';

/** Shows the stack to ip-netns(8), or no more. */
export async function changeNetns(job: Job): Promise<void> {
  const had = !job.fresh && (job.beforeValues.netns ?? false);
  const has = job.values.netns ?? false;
  const { name } = job.image;
  const { ns } = job.own;
  if (has === had) return;
  if (has) {
    await job.stage.journal('net', netnsEntry(name));
    addNetns(name, ns);
    job.scope.defer(() => void removeNetns(name, ns));
  } else {
    removeNetns(name, ns);
    job.scope.defer(() => { addNetns(name, ns); });
  }
}
