import type { Kernel } from '@vimage/core';
import type { Probed, Said } from './inner.ts';
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

/** What probes need of a kernel. */
export type Maker = Pick<Kernel, 'create' | 'destroy' | 'fullName' | 'kill' | 'processes'>;

export interface OuterContext {
  readonly kernel: Maker;
  readonly image: Probed;
  readonly defences: Defences;
}
