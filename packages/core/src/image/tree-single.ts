import { VimageError } from '../errors.ts';
import type { ImageAddress } from '../substrate.ts';
import type { Image } from './image.ts';
import { img0 } from './image-single.ts';
import { Root } from './root-single.ts';
import type { ImageTree as Ordinary } from './tree.ts';
import type { NewImage } from './wanted.ts';
import { withoutImages } from './without.ts';

/** The tree of the single build: EOPNOTSUPP for what would make an image, or remove img0. */
export class ImageTree extends Root implements Pick<Ordinary, keyof Ordinary> {
  readonly dying: ReadonlySet<Image> = new Set();

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

  at(_from: Image, _address: ImageAddress, serial: bigint): Image {
    if (serial !== img0.serial) throw new VimageError('ESRCH', `no image with serial ${serial}`);
    return img0;
  }

  /** img0 stays: it is that of every other tree. */
  close(): void {}
}
