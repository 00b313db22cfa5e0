import type { Section } from '../pairs/sections.ts';
import type { ImageInfo, SlotInfo } from './types.ts';

/** How a row of the list begins: what tells the image, and what follows from its name. */
export function rowOf(name: string, serial: string): Pick<ImageInfo, 'name' | 'serial' | 'parent' | 'depth'> {
  const cut = name.lastIndexOf('.');
  return { name, serial, parent: cut < 0 ? '.' : name.slice(0, cut), depth: name === '.' ? 0 : name.split('.').length };
}

/** Slots of which nothing is known but what the pairs of the image of that name say. */
export function saidSlots(sections: readonly Section[], name: string): readonly SlotInfo[] {
  return sections.map(({ component, pairs }) => {
    const share = pairs.find(([key]) => key === 'share')?.[1];
    return { component, kind: share === undefined ? 'own' : 'share', owner: share ?? name };
  });
}
