import { AsyncLocalStorage } from 'node:async_hooks';
import type { Thread } from '@vimage/core';
import type { Threads } from './threads.ts';

/** Where asynchronous code stands: a thread, of one kernel of this process. */
export interface Stand {
  readonly td: Thread;
  readonly threads: Threads;
}

/** Empty outside of every effective() and run(), which costs nothing before the first of them; null where a worker's own stand is left. */
const stands: AsyncLocalStorage<Stand | null> = new AsyncLocalStorage();

let byDefault: Stand | undefined;

/** This thread of Node's, a worker, stands there from now on, whatever it runs. */
export function standByDefault(stand: Stand): void {
  byDefault = stand;
}

/** Where this code stands; undefined: where the process does. */
export function standing(): Stand | undefined {
  const stand = stands.getStore();
  return stand === undefined ? byDefault : stand ?? undefined;
}

export function standAt<T>(stand: Stand, fn: () => T): T {
  return stands.run(stand, fn);
}

/** Calls `fn` where the process stands, with all that it starts. */
export function standNowhere<T>(fn: () => T): T {
  return byDefault === undefined ? stands.exit(fn) : stands.run(null, fn);
}

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
  return ours > 0 ? undefined : standing();
}

const due: (() => void)[] = [];

/** Calls `fn` when all that this turn of the event loop has begun is begun: Node puts a connect off to the next tick. */
export function afterTurn(fn: () => void): void {
  if (due.push(fn) > 1) return;
  standNowhere(() => {
    setImmediate(() => {
      for (const each of due.splice(0)) each();
    });
  });
}
