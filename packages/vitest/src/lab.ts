import { constants } from 'node:os';
import { threadId } from 'node:worker_threads';
import { boot } from '@vimage/core';
import type { AnyComponent, ImageHandle, ImageSpec, Kernel } from '@vimage/core';
import { Pidfd, linux, processInfo } from '@vimage/linux';

/** What an image of a test is made of; its name is chosen. */
export type TestImage = Omit<ImageSpec, 'name' | 'parent' | 'persist'>;

let count = 0;

/** A kernel; closed, it leaves nothing. EPERM: no images can be made here. */
export function bootFor(components: readonly AnyComponent[]): Promise<Kernel> {
  return boot({ substrate: linux(), components });
}

/** Makes an image for one test, which ends with the process if it is not destroyed before. */
export function make(kernel: Kernel, spec: TestImage): Promise<ImageHandle> {
  count += 1;
  return kernel.create({ ...spec, name: `test_${process.pid}_${threadId}_${count}` });
}

/** Ends it with all that the test left in it: sockets with ECONNABORTED, processes at once, also those that this one started there and that only visit it. */
export async function end(kernel: Kernel, image: ImageHandle): Promise<void> {
  const { dying } = await image.destroy({ grace: 0 });
  if (dying.length === 0) return;
  for (const name of dying) for (const { pid } of await kernel.refs(name)) if (pid !== undefined) endOurs(pid);
  await kernel.gc();
}

function endOurs(pid: number): void {
  using process = Pidfd.open(pid);
  if (process !== undefined && isOurs(pid)) process.signal(constants.signals.SIGKILL);
}

/** Whether a process is of those that this one started, or that they did. */
function isOurs(pid: number): boolean {
  const parent = processInfo(pid)?.ppid ?? 0;
  return parent === process.pid || (parent > 1 && isOurs(parent));
}
