/** One at a time, in the order of asking; within this process only. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(fn: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(fn);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
