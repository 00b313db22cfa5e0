import { VimageError } from '../errors.ts';
import { addressBits, childBits } from './address.ts';

/** Most direct children an image can have; img0's `children.max`. */
export const childrenMaxMost = 65535;

/** The equal subnets of an image's address, one for each child. Slot 0 is never given: it is the image's own address. */
export class Subnets<T> {
  #max: number;
  /** How many of them there may be, whatever there is room for: said by whoever gave a registry that is not the machine's. */
  bound: number = childrenMaxMost;
  readonly #taken = new Map<number, T>();
  /** No slot below this one is free. */
  #low = 1;

  constructor(max: number) {
    this.#max = max;
  }

  /** `children.max` as it is. */
  get max(): number {
    return this.#max;
  }

  get bits(): number {
    return childBits(this.#max);
  }

  /** Takes effect for children to come; there must be none. */
  resize(max: number): void {
    this.#max = max;
    this.#low = 1;
  }

  at(slot: number): T | undefined {
    return this.#taken.get(slot);
  }

  taken(): Iterable<readonly [slot: number, holder: T]> {
    return this.#taken;
  }

  /** The lowest free slot, or undefined. */
  lowest(): number | undefined {
    const end = 2 ** this.bits;
    while (this.#low < end && this.#taken.has(this.#low)) this.#low += 1;
    return this.#low < end ? this.#low : undefined;
  }

  take(slot: number, holder: T): void {
    this.#taken.set(slot, holder);
  }

  /** Frees the slot if `holder` has it. */
  release(slot: number, holder: T): void {
    if (this.#taken.get(slot) !== holder) return;
    this.#taken.delete(slot);
    this.#low = Math.min(this.#low, slot);
  }
}

/** Checks a `children.max` for an image of this prefix: EINVAL, and ENOSPC where the address has too few bits left. */
export function checkChildrenMax(name: string, prefix: number, max: number): void {
  if (!Number.isInteger(max) || max < 0 || max > childrenMaxMost) {
    throw new VimageError('EINVAL', `children.max of "${name}" is ${max}: expected a whole number from 0 to ${childrenMaxMost}`, { subject: 'children.max' });
  }
  const left = addressBits - prefix;
  const needed = childBits(max);
  if (needed > left) {
    throw new VimageError('ENOSPC', `children.max ${max} of "${name}" needs ${needed} address bits and ${left} of ${addressBits} are left at this depth`, {
      subject: 'children.max',
      hint: left === 0 ? 'nest less deep, or give the images above a smaller children.max' : `ask for at most ${2 ** left - 1}, or give the images above a smaller children.max`,
    });
  }
}
