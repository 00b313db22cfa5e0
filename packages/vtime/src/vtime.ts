import { type, type Pairs } from '@vimage/core';
import { clockNames, identityOf, identityPairs, type Clocks, type Identity, type Namespace } from '@vimage/linux';

/** What stands in the slot of `time`: a time namespace, and how far its clocks are ahead of the machine's. */
export interface Vtime {
  /** Serial of the image that made it, which names its pin; undefined for img0's. */
  readonly serial: bigint | undefined;
  /** Undefined for img0's. */
  readonly ns: Namespace | undefined;
  readonly offsets: Clocks;
}

const { parse, print } = type.offset();

/** Offsets as pairs, one for each clock. */
export function offsetPairs(offsets: Clocks): Pairs {
  return clockNames.map((clock) => [clock, print(offsets[clock])]);
}

export function savedPairs({ ns, offsets }: Vtime): Pairs {
  if (ns === undefined) return [];
  return [...identityPairs(ns), ...offsetPairs(offsets)];
}

/** What {@link savedPairs} wrote. */
export interface Saved extends Identity {
  readonly offsets: Clocks;
}

/** Undefined where it is damaged. */
export function readSaved(saved: Pairs): Saved | undefined {
  const values = new Map(saved);
  const offset = (key: string): bigint | undefined => (/^[+-]?\d+[a-z]+$/.test(values.get(key) ?? '') ? parse(values.get(key) ?? '') : undefined);
  const [known, monotonic, boottime] = [identityOf(saved), offset('monotonic'), offset('boottime')];
  return known === undefined || monotonic === undefined || boottime === undefined ? undefined : { ...known, offsets: { monotonic, boottime } };
}
