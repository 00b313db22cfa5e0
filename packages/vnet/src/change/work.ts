import type { Scope, VimageError } from '@vimage/core';
import type { Changes, NetlinkError } from '@vimage/netlink';
import type { Stack } from '../stack.ts';
import { refused, type Tried } from '../words.ts';

/** One change of one stack, and how to take it back. */
export interface Step {
  readonly at: Stack;
  readonly tried: Tried;
  /** Notes exactly one change; what it returns is that change's place. */
  readonly act: (ops: Changes<number>) => number;
  readonly undo?: (ops: Changes<number>) => unknown;
  /** Codes which mean that it is so already. */
  readonly fine?: readonly string[];
}

/** Codes that an undo may meet where the thing is gone, or was never there. */
const gone = new Set(['ENODEV', 'ENOENT', 'ESRCH', 'EADDRNOTAVAIL', 'EEXIST']);

/** Changes that are noted, then sent in as few datagrams as the order of stacks allows. */
export class Work {
  readonly #scope: Scope;
  /** Where refusals are noted instead of thrown. */
  readonly #notes: string[] | undefined;
  #steps: Step[] = [];

  constructor(scope: Scope, notes?: string[]) {
    this.#scope = scope;
    this.#notes = notes;
  }

  add(...steps: readonly Step[]): void {
    this.#steps.push(...steps);
  }

  /** Sends what was noted. Throws the first refusal; what the kernel did is undone by the scope. */
  send(): void {
    const steps = this.#steps;
    this.#steps = [];
    for (let from = 0; from < steps.length; ) {
      const at = steps[from]?.at;
      let to = from;
      while (to < steps.length && steps[to]?.at === at) to++;
      this.#run(steps.slice(from, to));
      from = to;
    }
  }

  #run(steps: readonly Step[]): void {
    const [first] = steps;
    if (first === undefined) return;
    const places: number[] = [];
    const results = first.at.nl.batch((ops) => {
      for (const step of steps) places.push(step.act(ops));
    });
    const errors = places.map((place, i) => tolerated(results[place]?.error, steps[i]));
    const done = steps.filter((_, i) => errors[i] === undefined);
    if (done.some((step) => step.undo !== undefined)) this.#scope.defer(() => takeBack(first.at, done));
    errors.forEach((error, i) => {
      const step = steps[i];
      if (error === undefined || step === undefined) return;
      if (this.#notes === undefined) throw refused(error, step.tried);
      if (!gone.has(error.code)) this.#notes.push(refused(error, step.tried).message);
    });
  }
}

function tolerated(error: NetlinkError | undefined, step: Step | undefined): NetlinkError | undefined {
  return error !== undefined && step?.fine?.includes(error.code) === true ? undefined : error;
}

function takeBack(at: Stack, done: readonly Step[]): void {
  const results = at.nl.batch((ops) => {
    for (const step of done.toReversed()) step.undo?.(ops);
  });
  const failed = results.find(({ error }) => error !== undefined && !gone.has(error.code));
  if (failed?.error !== undefined) throw asError(failed.error, failed.object);
}

function asError(error: NetlinkError, object: string): VimageError {
  return refused(error, { param: 'undo', subject: object });
}
