import { kassert } from '../errors.ts';
import type { Image } from '../image/image.ts';
import type { CurrentThread } from './current.ts';
import { fork, procSettle } from './proc.ts';
import { type EffectiveOptions, checkEffective, checkMove } from './seteimage.ts';
import { Thread, tdSync } from './thread.ts';
import type { CredChange, Ucred } from './ucred.ts';

/** Runs `fn` in a new proc that acts on `image`. Rules and errors are those of seteimage. */
export function effective<T>(current: CurrentThread, image: Image, options: EffectiveOptions, fn: () => PromiseLike<T>): Promise<T>;
export function effective<T>(current: CurrentThread, image: Image, options: EffectiveOptions, fn: () => T): T;
export function effective(current: CurrentThread, image: Image, options: EffectiveOptions, fn: () => unknown): unknown {
  return inFork(current, { eimage: image, ...options }, (cr) => checkEffective(cr, image), fn);
}

/** Runs `fn` in a new proc that lives in `image`. Rules and errors are those of setimage. */
export function run<T>(current: CurrentThread, image: Image, fn: () => PromiseLike<T>): Promise<T>;
export function run<T>(current: CurrentThread, image: Image, fn: () => T): T;
export function run(current: CurrentThread, image: Image, fn: () => unknown): unknown {
  return inFork(current, { image, eimage: image, saved: image }, (cr) => checkMove(cr, image), fn);
}

function inFork(current: CurrentThread, change: CredChange, check: (cr: Ucred) => void, fn: () => unknown): unknown {
  const caller = current.get();
  kassert(caller !== undefined, 'no current thread: boot binds one');
  tdSync(caller);
  check(caller.ucred);
  const p = fork(caller.proc, change);
  const td = new Thread(p);
  const settle = (): void => {
    if (current.settle === undefined) procSettle(p);
    else current.settle(p);
  };
  let result: unknown;
  try {
    result = current.run(td, fn);
  } catch (error) {
    settle();
    throw error;
  }
  if (!isThenable(result)) {
    settle();
    return result;
  }
  return Promise.resolve(result).finally(settle);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
