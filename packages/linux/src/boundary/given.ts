import type { MessagePort } from 'node:worker_threads';
import type { ImageAddress, SocketsEnd } from '@vimage/core';
import type { Named } from '../machine.ts';

/** An image as a worker is told of it. */
export interface ToldImage extends Named {
  readonly address: ImageAddress;
}

/** Where a thread stands, as another is told of it. A structured clone. */
export interface ToldStand {
  readonly registry: string;
  /** Where this process finds the pins. */
  readonly pins: string;
  /** In the order of their numbers. */
  readonly components: readonly string[];
  /** The image of the process. */
  readonly base: ToldImage;
  readonly image: ToldImage;
  readonly eimage: ToldImage;
  /** As in a credential. */
  readonly only: readonly number[] | undefined;
}

/** What a worker is given by the thread that starts it. */
export interface Given extends ToldStand {
  /** What process.execArgv is there. */
  readonly execArgv: readonly string[];
  /** Takes a {@link Going}, and gives its serial back when all of that has ended there. */
  readonly port: MessagePort;
}

/** An image of a worker's is going; without a serial: the kernel is closed. */
export interface Going {
  readonly serial: bigint | undefined;
  readonly how: SocketsEnd;
}

/** Where a worker finds it, among its environment data. */
export const givenKey = 'vimage.given';

export function isGiven(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && 'eimage' in value && 'port' in value;
}

export function isGoing(value: unknown): value is Going {
  return typeof value === 'object' && value !== null && 'serial' in value && 'how' in value;
}
