import type { Kernel } from '@vimage/core';
import type { Said } from './inner.ts';
import type { Probed } from './inner.ts';
import type { Defences, Wall } from './walls.ts';

/** One probe. */
export interface Probe {
  readonly name: string;
  readonly tries: string;
  /** Lines of the list of docs/selftest.md. */
  readonly lines: readonly number[];
  /** Where the image has one of these, what is tried must not get through. */
  readonly walls: readonly Wall[];
}

/** One with a half outside of the image. */
export interface OuterProbe extends Probe {
  run(cx: OuterContext): Promise<Said>;
}

export interface OuterContext {
  readonly kernel: Kernel;
  readonly image: Probed;
  readonly defences: Defences;
}
