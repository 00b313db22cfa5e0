import { constants } from 'node:os';
import { VimageError } from '@vimage/core';

const errnos = new Map<string, number>(Object.entries(constants.errno));
const told = new Set<string>();

/**
 * An error of ours as a native handle gives it, for Node to make its own of: a negative errno. What can never be right is explained
 * in a warning, once each, as the number cannot say it. Broken invariants go on.
 */
export function refused(error: unknown): number {
  if (!(error instanceof VimageError)) throw error;
  const errno = errnos.get(error.code);
  if (errno === undefined) throw error;
  if (error.code === 'EOPNOTSUPP' && !told.has(error.message)) {
    told.add(error.message);
    process.emitWarning(error.message, { type: 'VimageWarning', code: error.code, ...(error.hint === undefined ? {} : { detail: error.hint }) });
  }
  return -errno;
}
