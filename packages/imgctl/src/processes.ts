import type { Kernel, ProcessInfo } from '@vimage/core';

/** What lives in each image, by name, or in one. ESRCH. */
export async function processesOf(kernel: Kernel, only: string | undefined): Promise<ReadonlyMap<string, readonly ProcessInfo[]>> {
  const names = only === undefined ? (await kernel.list()).filter(({ state }) => state !== 'damaged').map(({ name }) => name) : [only];
  const processes = new Map<string, readonly ProcessInfo[]>();
  for (const name of names) {
    try {
      processes.set(name, await kernel.processes(name));
    } catch (error) {
      // It went away between the list and now; asked for by name, that is an error.
      if (only !== undefined) throw error;
    }
  }
  return processes;
}
