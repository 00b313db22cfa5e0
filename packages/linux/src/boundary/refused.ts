import { constants } from 'node:os';
import { VimageError } from '@vimage/core';

const errnos = new Map<string, number>(Object.entries(constants.errno));
const told = new Set<string>();

/**
 * An error of ours as a native handle gives it, for Node to make its own of: a negative errno. What cannot be right as it was called is explained
 * in a warning, once each, as the number cannot say it. Broken invariants go on.
 */
export function refused(error: unknown): number {
  if (!(error instanceof VimageError)) throw error;
  const errno = errnos.get(error.code);
  if (errno === undefined) throw error;
  if (error.code === 'EOPNOTSUPP' || error.code === 'EPERM') warned(error.message, error.hint);
  if (error.code === 'ESRCH' && error.subject === 'process') warned('something began in an image and went on when its function was done: it can do nothing there any more', error.hint);
  return -errno;
}

/** Says in a warning, once, what a number cannot say. */
export function warned(message: string, detail: string | undefined): void {
  if (told.has(message)) return;
  told.add(message);
  process.emitWarning(message, { type: 'VimageWarning', ...(detail === undefined ? {} : { detail }) });
}
