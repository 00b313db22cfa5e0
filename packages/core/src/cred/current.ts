import type { Proc } from './proc.ts';
import type { Thread } from './thread.ts';

/** Who runs now. Where there are asynchronous contexts, whoever embeds the kernel binds one that follows them. */
export interface CurrentThread {
  get(): Thread | undefined;
  /** Runs `fn` with `td` as the current thread. */
  run<T>(td: Thread, fn: () => T): T;
  /**
   * The function of a proc has returned or thrown: to call procSettle, at once or when what it has begun for the same turn is done.
   * Absent: at once.
   */
  settle?(p: Proc): void;
  /** Runs `fn`, work of the kernel's own, as the base thread, with all that it starts. Absent: there is nothing that follows. */
  outside?<T>(fn: () => T): T;
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
