import { InvariantError } from './errors.ts';

export type Awaitable<T> = T | Promise<T>;
export type Undo = () => Awaitable<void>;

/**
 * What was acquired, in order, with how to give it back. Acquire, then `defer` on the next line; on success `move` the
 * undos to their new owner, on failure `close` runs them newest first. (Node 20 has no AsyncDisposableStack.)
 */
export class Scope implements AsyncDisposable {
  #undos: Undo[] = [];
  #closed = false;

  defer(undo: Undo): void {
    if (this.#closed) throw new InvariantError('defer on a closed scope');
    this.#undos.push(undo);
  }

  /** Hands all undos to a new scope; closing this one afterwards undoes nothing. */
  move(): Scope {
    const next = new Scope();
    next.#undos = this.#undos;
    this.#undos = [];
    return next;
  }

  /** Runs every undo, newest first, also when some fail; then throws what failed. */
  async close(): Promise<void> {
    this.#closed = true;
    const failures: unknown[] = [];
    for (let undo = this.#undos.pop(); undo !== undefined; undo = this.#undos.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, `${failures.length} undo steps failed`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
