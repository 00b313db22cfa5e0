import { VimageError, kassert } from '../errors.ts';
import type { ImageAddress } from '../substrate.ts';
import type { Image } from './image.ts';
import { img0 } from './image-single.ts';
import { shown } from './name.ts';
import { Slot } from './slot.ts';
import type { ImageTree as Ordinary } from './tree.ts';
import type { NewImage, TreeInit } from './wanted.ts';
import { withoutImages } from './without.ts';

/**
 * The tree of the single build: img0, which is the same in every tree. A component's number is its place among all that were ever registered in this
 * process, and what stands in its slot is what the first who registered it has given.
 */
export class ImageTree implements Pick<Ordinary, keyof Ordinary> {
  readonly img0: Image = img0;
  readonly components: readonly string[];
  readonly dying: ReadonlySet<Image> = new Set();

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

  bySerial(serial: bigint): Image | undefined {
    return serial === img0.serial ? img0 : undefined;
  }

  /** EOPNOTSUPP, as `add` and `adopt`. */
  check(wanted: NewImage): never {
    throw withoutImages(wanted.name);
  }

  add(wanted: NewImage): never {
    return this.check(wanted);
  }

  adopt(known: NewImage): never {
    return this.check(known);
  }

  setChildrenMax(): never {
    throw withoutImages('children.max');
  }

  doom(): never {
    throw withoutImages('img0');
  }

  remove(): never {
    throw withoutImages('img0');
  }

  reap(): never {
    throw withoutImages('img0');
  }

  subtreeBottomUp(): readonly Image[] {
    return [img0];
  }

  /** Finds img0, by its name or as `.`; ESRCH. */
  lookup(_from: Image, dotted: string): Image {
    if (dotted !== 'img0' && dotted !== '.') throw new VimageError('ESRCH', `no image ${shown(dotted)}`, { subject: dotted });
    return img0;
  }

  nameFrom(): string {
    return '.';
  }

  at(_from: Image, _address: ImageAddress, serial: bigint): Image {
    if (serial !== img0.serial) throw new VimageError('ESRCH', `no image with serial ${serial}`);
    return img0;
  }

  /** img0 stays: it is that of every other tree. */
  close(): void {}
}

function place(component: string): number {
  const field = `v_${component}`;
  return img0.slots.findIndex((slot) => slot.field === field);
}
