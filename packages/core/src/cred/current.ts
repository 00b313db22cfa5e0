import type { Thread } from './thread.ts';

/** Who runs now. Where there are asynchronous contexts, whoever embeds the kernel binds one that follows them. */
export interface CurrentThread {
  get(): Thread | undefined;
  /** Runs `fn` with `td` as the current thread. */
  run<T>(td: Thread, fn: () => T): T;
}

/** The synchronous one: after an `await` the thread is the caller's again. `base` is current outside of every `run`. */
export function syncCurrent(base?: Thread): CurrentThread {
  let now = base;
  return {
    get: () => now,
    run: (td, fn) => {
      const before = now;
      now = td;
      try {
        return fn();
      } finally {
        now = before;
      }
    },
  };
}
