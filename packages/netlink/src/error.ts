import { EBADMSG, EINVAL, ERRNO } from './abi/errno.ts';

/** What a failed operation was about. */
export interface ErrorContext {
  /** Object and verb as ip(8) has them: `link add`, `route del`. */
  readonly operation: string;
  /** The thing acted on: an interface name, an address; empty where there is none. */
  readonly object: string;
}

/**
 * Any failure of this package. `code` is the errno name (`EEXIST`), `errno` its positive number, `kernel` the kernel's
 * extended-ack text if it gave one, `offset` the byte of the request that the kernel pointed at.
 */
export class NetlinkError extends Error {
  override readonly name: string = 'NetlinkError';
  readonly code: string;
  readonly errno: number;
  readonly operation: string;
  readonly object: string;
  readonly kernel: string | undefined;
  readonly offset: number | undefined;

  constructor(errno: number, context: ErrorContext, kernel?: string, offset?: number) {
    const [code, text] = ERRNO[errno] ?? [`E${errno}`, `error ${errno}`];
    const what = context.object === '' ? context.operation : `${context.operation} ${context.object}`;
    super(`${what}: ${kernel ?? text} (${code})`);
    this.code = code;
    this.errno = errno;
    this.operation = context.operation;
    this.object = context.object;
    this.kernel = kernel;
    this.offset = offset;
  }
}

/** A dump that other changes interrupted every time it was tried (NLM_F_DUMP_INTR): its result would be inconsistent. */
export class DumpInterrupted extends NetlinkError {
  override readonly name: string = 'DumpInterrupted';
  /** How often the dump was tried. */
  readonly attempts: number;

  constructor(context: ErrorContext, attempts: number) {
    super(4, context, `dump interrupted by concurrent changes, ${attempts} times in a row`);
    this.attempts = attempts;
  }
}

/** A bad argument, found before anything was sent: `EINVAL`. */
export function invalid(what: string, why: string): NetlinkError {
  return new NetlinkError(EINVAL, { operation: what, object: '' }, why);
}

/** Bytes that are not a well-formed message: `EBADMSG`. */
export function malformed(why: string): NetlinkError {
  return new NetlinkError(EBADMSG, { operation: 'read', object: '' }, why);
}

/** The `code` of an error thrown by a transport, if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
