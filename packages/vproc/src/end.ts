import { VimageError } from '@vimage/core';
import { Pidfd, allEnded, pidNamespaceOf, processInfo, standingIn, wakeParents } from '@vimage/linux';

/** What a killed pid 1 may take to end with all that is in its namespace, in milliseconds. */
const patience = 30_000;

/** Who was made pid 1 of a view: its number, and its start time where that is known. */
export interface First {
  readonly pid: number;
  readonly start?: string | undefined;
}

/**
 * Ends the view's pid 1, and with it everything in the namespaces (`pid:[INODE]`, the view's first); nothing where its number is another process's by now. It
 * ends last, after those who started something in there from outside have waited for it; for them we do not wait. ETIMEDOUT: something in there does not end.
 */
export async function endFirst(who: First, [view, ...others]: readonly [string, ...string[]]): Promise<void> {
  const { pid } = who;
  using first = Pidfd.open(pid);
  if (first === undefined || !isFirst(who, view) || !first.alive) return;
  first.signal(9);
  const names = new Set([view, ...others]);
  const until = performance.now() + patience;
  while (!(await allEnded([first], 100))) {
    const now = standingIn(names);
    wakeParents(now.ended);
    if (now.living.length === 0) return;
    if (performance.now() > until) throw hangs(now.living);
  }
}

/** Start times are told in hundredths of a second: who gets a number at once may have that of the one before, but does not stand where he stood. */
function isFirst({ pid, start }: First, view: string): boolean {
  const info = processInfo(pid);
  return info !== undefined && (start === undefined || info.start === start) && info.inner.at(-1) === 1 && pidNamespaceOf(pid) === view;
}

function hangs(pids: readonly number[]): VimageError {
  return new VimageError('ETIMEDOUT', `processes of the image do not end though they were killed: ${pids.join(', ')}`, {
    hint: 'they hang in the kernel (state D in ps): see what they wait for (/proc/PID/stack), then destroy the image again',
  });
}
