import type { ErrorContext } from './error.ts';
import { NetlinkError } from './error.ts';
import type { Ack } from './wire/ack.ts';

/** One message to the kernel, and the words for an error about it. */
export interface Request extends ErrorContext {
  readonly type: number;
  /** NLM_F_* beside REQUEST and ACK, which the channel sets. */
  readonly flags: number;
  readonly body: Uint8Array;
  /** What takes back the requests before this one of the same operation, if this one fails. */
  readonly undo?: Request;
}

/** The error that an ack stands for, if any. */
export function ackError(request: ErrorContext, ack: Ack): NetlinkError | undefined {
  return ack.errno === 0 ? undefined : new NetlinkError(ack.errno, request, ack.text, ack.offset);
}
