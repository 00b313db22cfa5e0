import { EventEmitter } from 'node:events';
import { VimageError } from '@vimage/core';
import { ownerOf } from './owner.ts';
import { standing } from './store.ts';
import type { Stand } from './store.ts';

/**
 * What a worker of node:cluster listens on is made by its primary, which gives one socket to all workers that name the same address: `child` is the handle of
 * a worker in an image. The network stack is told to it as a part of the name, so that workers of two images do not serve each other's callers.
 */
export function keepApart(child: object, envPairs: readonly string[] | undefined): void {
  if (envPairs?.some((pair) => pair.startsWith('NODE_UNIQUE_ID=')) !== true) return;
  const owner = ownerOf(child);
  if (!(owner instanceof EventEmitter)) return;
  owner.prependListener('internalMessage', (message: unknown) => {
    const stand = standing();
    if (stand === undefined || !isQuery(message)) return;
    message.fd = `of ${stackOf(stand)}`;
  });
}

/** It asks for a socket, and not for one that there is already: then Node takes `fd`, which is no number, for nothing but the name. */
function isQuery(message: unknown): message is { fd: unknown } {
  return typeof message === 'object' && message !== null && Reflect.get(message, 'act') === 'queryServer' && typeof Reflect.get(message, 'fd') !== 'number';
}

/** Where no socket can be made the name is of no stack: what is asked for is refused then, and shared with nobody. */
function stackOf({ td, threads }: Stand): string {
  try {
    return threads.netOf(td);
  } catch (error) {
    if (error instanceof VimageError) return error.code;
    throw error;
  }
}
