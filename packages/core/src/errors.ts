/** The errno-like codes of a {@link VimageError}; meanings as in errno(3), jail_set(2) and rtnetlink(7). */
export type ErrorCode =
  | 'E2BIG' | 'EACCES' | 'EADDRNOTAVAIL' | 'EAGAIN' | 'EBADMSG' | 'EBUSY' | 'ECANCELED' | 'EEXIST' | 'EINVAL' | 'EIO' | 'EISDIR'
  | 'ELOOP' | 'EMFILE' | 'ENAMETOOLONG' | 'ENETUNREACH' | 'ENODEV' | 'ENOENT' | 'ENOSPC' | 'ENOSYS' | 'ENOTDIR' | 'ENOTEMPTY'
  | 'EOPNOTSUPP' | 'EPERM' | 'ERANGE' | 'EROFS' | 'ESRCH' | 'ESTALE' | 'ETIMEDOUT';

/** Where in the input something stands; lines and columns count from 1. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Index of the key among the pairs of one call, from 0. */
  readonly pair?: number;
}

export interface ErrorDetail {
  /** The offending name: a parameter, an image, an interface. */
  readonly subject?: string;
  /** What to do about it, one sentence. */
  readonly hint?: string;
  readonly place?: Place;
  readonly cause?: unknown;
}

/**
 * An error for the reader: code, the offending name, what was expected, what to do.
 * Anything a user, a file or the machine can cause is one of these.
 */
export class VimageError extends Error {
  readonly code: ErrorCode | (string & {});
  readonly subject: string | undefined;
  readonly hint: string | undefined;
  readonly place: Place | undefined;

  constructor(code: ErrorCode | (string & {}), message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'VimageError';
    this.code = code;
    this.subject = detail.subject;
    this.hint = detail.hint;
    this.place = detail.place;
  }
}

/** A broken promise of our own code. Never caught, never shown as a user's mistake. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvariantError';
  }
}

/** Checks an invariant; what fails here is a bug in vimage (KASSERT(9)). */
export function kassert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** The errno-like code of anything thrown, or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
