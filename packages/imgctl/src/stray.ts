import type { Context } from './context.ts';
import { status } from './context.ts';

/** Milliseconds in which what is left to do when a command has ended has to end, too. */
const afterwards = 1000;

/**
 * What a component does outside of its calls cannot end imgctl: what it throws there is a warning that names it. Anything else that nobody catches is a bug of ours, and
 * the end: what it leaves is found by gc. Holds until the process ends: it may come late.
 */
export function catchStrays(cx: Context): void {
  const caught = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack ?? '' : '';
    const component = error instanceof Error && error.name === 'InvariantError' ? undefined : cx.ownerOf(stack);
    if (component !== undefined) {
      cx.warn({ code: 'EIO', message: `component "${component}" failed outside of what it was asked: ${String(error)}` });
      return;
    }
    cx.failure(error);
    process.exit(status.bug);
  };
  process.on('uncaughtException', caught);
}

/** Ends the process, with what was left running, unless it has nothing more to do. */
export function endSoon(): void {
  setTimeout(() => {
    process.stderr.write('imgctl: warning: a component left something running, which ends now\n');
    process.exit();
  }, afterwards).unref();
}
