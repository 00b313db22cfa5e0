import { InvariantError } from '../errors.ts';
import { type RefWatch, watchRefs } from './refcount.ts';

/** `off` notes nothing; `report` and `throw` note each reference with its stack, and differ in what {@link reportLeaks} does. */
export type LeakMode = 'off' | 'report' | 'throw';

/** One reference: which kind of holder took it, and where in the code. */
export interface Taken {
  readonly holder: string;
  readonly where: string;
}

/** A counted object that still has references. */
export interface Leak {
  readonly what: string;
  readonly taken: readonly Taken[];
}

interface Live {
  readonly what: string;
  readonly taken: Taken[];
}

let mode: LeakMode = 'off';
const live = new Map<object, Live>();

/** Sets the mode and forgets what was noted. References taken while `off` are never reported. */
export function setLeakMode(next: LeakMode): void {
  mode = next;
  live.clear();
  watchRefs(next === 'off' ? undefined : noting);
}

/** What is still referenced: returned, or in mode `throw` an InvariantError that lists it. Empty when `off`. */
export function reportLeaks(): readonly Leak[] {
  const leaks = [...live.values()].map(({ what, taken }) => ({ what, taken: [...taken] }));
  if (mode === 'throw' && leaks.length > 0) {
    throw new InvariantError(`${leaks.length} leaked:\n${leaks.map(describeLeak).join('\n')}`);
  }
  return leaks;
}

function describeLeak(leak: Leak): string {
  return [leak.what, ...leak.taken.map(({ holder, where }) => `  held by ${holder}, taken\n${where}`)].join('\n');
}

const noting: RefWatch = {
  taken(ref, what, holder) {
    const taken = { holder, where: stackHere() };
    const known = live.get(ref);
    if (known === undefined) live.set(ref, { what, taken: [taken] });
    else known.taken.push(taken);
  },
  /** Which of several references of one holder was given back cannot be known: the newest is forgotten. */
  freed(ref, holder) {
    const known = live.get(ref);
    if (known === undefined) return;
    const at = known.taken.findLastIndex((taken) => taken.holder === holder);
    if (at >= 0) known.taken.splice(at, 1);
    if (known.taken.length === 0) live.delete(ref);
  },
};

function stackHere(): string {
  // The first lines are the word Error, this function, its caller and the count's own method.
  return (new Error().stack ?? '').split('\n').slice(4).join('\n');
}
