import { VimageError } from '@vimage/core';
import { Pidfd, allEnded, processInfo, standingIn, wakeParents } from '@vimage/linux';
import type { Pinned } from './vproc.ts';

/** What a killed pid 1 may take to end with all that is in its namespace, in milliseconds. */
const patience = 30_000;

/**
 * Ends the view's pid 1, and with it everything in the namespaces; nothing where its number is another process's by now (`start`: its
 * start time). It ends last, after those who started something in there from outside have waited for it; for them we do not wait.
 * ETIMEDOUT: something in there does not end.
 */
export async function endFirst({ pid, start }: { readonly pid: number; readonly start: string | undefined }, namespaces: readonly (Pinned | undefined)[]): Promise<void> {
  using first = Pidfd.open(pid);
  if (first === undefined || (start !== undefined && processInfo(pid)?.start !== start) || !first.alive) return;
  first.signal(9);
  const names = new Set(namespaces.flatMap((each) => (each === undefined ? [] : [`pid:[${each.ino}]`])));
  const until = performance.now() + patience;
  let living: readonly number[] = [pid];
  while (!(await allEnded([first], 100))) {
    if (names.size > 0) {
      const now = standingIn(names);
      wakeParents(now.ended);
      if (now.living.length === 0) return;
      living = now.living;
    }
    if (performance.now() > until) throw hangs(living);
  }
}

function hangs(pids: readonly number[]): VimageError {
  return new VimageError('ETIMEDOUT', `processes of the image do not end though they were killed: ${pids.join(', ')}`, {
    hint: 'they hang in the kernel (state D in ps): see what they wait for (/proc/PID/stack), then destroy the image again',
  });
}
