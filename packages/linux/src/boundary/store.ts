import { AsyncLocalStorage } from 'node:async_hooks';
import type { Thread } from '@vimage/core';
import type { Threads } from './threads.ts';

/** Where asynchronous code stands: a thread, of one kernel of this process. */
export interface Stand {
  readonly td: Thread;
  readonly threads: Threads;
}

/** Empty outside of every effective() and run(). Costs nothing before the first of them. */
export const stands: AsyncLocalStorage<Stand> = new AsyncLocalStorage();

let ours = 0;

/** Calls `fn`, which starts a program of our own making: it is led nowhere. */
export function asOurselves<T>(fn: () => T): T {
  ours += 1;
  try {
    return fn();
  } finally {
    ours -= 1;
  }
}

/** Where a program that is started now belongs; undefined: where this process is. */
export function standForSpawn(): Stand | undefined {
  return ours > 0 ? undefined : stands.getStore();
}

const due: (() => void)[] = [];

/** Calls `fn` when all that this turn of the event loop has begun is begun: Node puts a connect off to the next tick. */
export function afterTurn(fn: () => void): void {
  if (due.push(fn) > 1) return;
  stands.exit(() => {
    setImmediate(() => {
      for (const each of due.splice(0)) each();
    });
  });
}
