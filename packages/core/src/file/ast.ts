import type { Place } from '../errors.ts';
import type { Pairs } from '../pairs/pairs.ts';

/** An image of a file: its pairs, without `name` and `parent`, which the file says by its shape. */
export interface FileImage {
  /** As written after `image`; relative to the image around it. */
  readonly name: string;
  /** The image's own parameters, then its sections in the order written. */
  readonly pairs: Pairs;
  /** Where each pair stands; as long as `pairs`. */
  readonly places: readonly Place[];
  readonly children: readonly FileImage[];
  readonly place: Place;
}

/** What {@link printFile} needs of an image. */
export interface PlainImage {
  readonly name: string;
  readonly pairs: Pairs;
  readonly children: readonly PlainImage[];
}
