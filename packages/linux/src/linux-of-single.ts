import type { Substrate } from '@vimage/core';
import { none } from './without-images.ts';

/** EOPNOTSUPP: a component that works on Linux only has nothing to work on. */
export function linuxOf(substrate: Substrate): never {
  return none(substrate.name);
}
