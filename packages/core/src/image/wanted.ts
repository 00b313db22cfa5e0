import type { Pairs } from '../pairs/pairs.ts';
import type { ImageAddress, ImageState } from '../substrate.ts';
import type { Image } from './image.ts';
import type { Asked } from './lattice.ts';
import type { InstanceRef, SlotAsk } from './slot.ts';

/** Most components of one tree: sets of them are kept in the bits of one small integer. */
export const componentsMost = 30;

export interface TreeInit {
  /** Component names; the place in this list is the component's number from now on. */
  readonly components: readonly string[];
  /** What img0 has in each slot, by number. */
  readonly instances: readonly InstanceRef[];
  readonly serial?: bigint;
}

export interface NewImage {
  readonly parent: Image;
  /** One segment; the dotted rest is the parent. */
  readonly name: string;
  /** Never used again, unlike the address. */
  readonly serial: bigint;
  readonly persist?: boolean;
  /** Direct children, at most; 0 unless given. */
  readonly childrenMax?: number;
  readonly pairs?: Pairs;
  /** By component number; what is not named is inherited. */
  readonly slots?: ReadonlyMap<number, SlotAsk>;
  /** Restrictions, as asked. */
  readonly asked?: readonly Asked[];
}

/** An image that has its address already: from the registry. */
export interface KnownImage extends NewImage {
  readonly address: ImageAddress;
  /** `live` unless given. A dying one has no name any more; until `reap` the tree keeps it. */
  readonly state?: ImageState;
}
