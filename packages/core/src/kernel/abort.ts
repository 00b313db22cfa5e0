/** The part of an AbortSignal that is used here; core has no DOM and no Node. */
export interface Abort {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Turns pokes into awaits: none is lost, many are one. */
export class Wakeup {
  #dirty = true;
  #wake: () => void = () => undefined;

  readonly poke: () => void = () => {
    this.#dirty = true;
    this.#wake();
  };

  /** Resolves at the next poke, or at once when there was one since the last `wait` (also the first time). */
  async wait(): Promise<void> {
    if (!this.#dirty) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#dirty = false;
  }
}

/** Read through a function: the flag changes while one awaits, which narrowing does not know. */
export function isAborted(signal: Abort | undefined): boolean {
  return signal?.aborted === true;
}
