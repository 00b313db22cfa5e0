import type { Holder } from '@vimage/core';
import type { Vnet } from './vnet.ts';
export function holders(_made: Vnet): readonly Holder[] {
  return [];
}
