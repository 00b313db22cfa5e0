import { VimageError, kassert } from '../errors.ts';
import type { Image } from './image.ts';
import { img0 } from './image-single.ts';
import { shown } from './name.ts';
import { type InstanceRef, Slot } from './slot.ts';
import type { TreeInit } from './wanted.ts';

/**
 * What a kernel of the single build needs of a tree: img0, which is the same in every one. A component's number is its place among all that were ever
 * registered in this process, and what stands in its slot is what the first who registered it has given.
 */
export class Root {
  readonly img0: Image = img0;
  readonly components: readonly string[];

  constructor({ components, instances }: TreeInit) {
    this.components = components;
    for (const [i, name] of components.entries()) {
      if (place(name) >= 0) continue;
      const number = img0.slots.length;
      const ref = instances[i];
      kassert(ref !== undefined, 'img0 has one instance for each component');
      const slot = new Slot(number, name, 'own', img0, ref);
      img0.slots.push(slot);
      ref.attach(slot, img0);
    }
  }

  /** The number of a component; ENOENT. */
  component(name: string): number {
    if (!this.components.includes(name)) throw new VimageError('ENOENT', `no component ${shown(name)} is registered`, { subject: name });
    return place(name);
  }

  /** Finds img0, by its name or as `.`; ESRCH. */
  lookup(_from: Image, dotted: string): Image {
    if (dotted !== 'img0' && dotted !== '.') throw new VimageError('ESRCH', `no image ${shown(dotted)}`, { subject: dotted });
    return img0;
  }

  nameFrom(): string {
    return '.';
  }
}

/** What a component that is registered has in its slot of img0. */
export function refOf(component: string): InstanceRef {
  const ref = img0.slots[place(component)]?.ref;
  kassert(ref !== undefined, `img0 has no slot for ${component}`);
  return ref;
}

function place(component: string): number {
  const field = `v_${component}`;
  return img0.slots.findIndex((slot) => slot.field === field);
}
