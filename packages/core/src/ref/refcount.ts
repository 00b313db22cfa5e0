import { InvariantError } from '../errors.ts';

/** Told of every reference; see leaks.ts. */
export interface RefWatch {
  taken(ref: object, what: string, holder: string): void;
  freed(ref: object, holder: string): void;
}

let watch: RefWatch | undefined;

/** For leaks.ts only. */
export function watchRefs(next: RefWatch | undefined): void {
  watch = next;
}

/**
 * A count of references by kind of holder (refcount(9)). It begins at zero: until the first hold the object belongs to whoever
 * makes it. The last free runs `last`, once; afterwards neither hold nor free is legal. All misuse is an InvariantError.
 */
export class RefCount {
  /** What is counted, for messages. */
  readonly what: string;
  readonly #last: () => void;
  readonly #held = new Map<string, number>();
  #count = 0;
  #gone = false;

  constructor(what: string, last: () => void) {
    this.what = what;
    this.#last = last;
  }

  get count(): number {
    return this.#count;
  }

  /** The last reference has been given back. */
  get gone(): boolean {
    return this.#gone;
  }

  /** How many references each kind of holder has. */
  held(): ReadonlyMap<string, number> {
    return this.#held;
  }

  hold(holder: string): void {
    if (this.#gone) throw new InvariantError(`${this.what}: held by ${holder} after its last reference was given back`);
    this.#count += 1;
    this.#held.set(holder, (this.#held.get(holder) ?? 0) + 1);
    watch?.taken(this, this.what, holder);
  }

  /** Gives one reference back; true when it was the last. */
  free(holder: string): boolean {
    const held = this.#held.get(holder) ?? 0;
    if (held === 0) throw new InvariantError(`${this.what}: freed by ${holder}, which holds no reference`);
    if (held === 1) this.#held.delete(holder);
    else this.#held.set(holder, held - 1);
    this.#count -= 1;
    watch?.freed(this, holder);
    if (this.#count > 0) return false;
    this.#gone = true;
    this.#last();
    return true;
  }
}

/** Gives all of these back, in order, also when some fail; then throws what failed. A count is right even when an end was not. */
export function freeAll(frees: readonly (() => unknown)[]): void {
  const failures: unknown[] = [];
  for (const free of frees) {
    try {
      free();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} references were given back with errors`);
}
