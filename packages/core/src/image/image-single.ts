import { VimageError, kassert } from '../errors.ts';
import { RefCount } from '../ref/refcount.ts';
import type { Pairs } from '../pairs/pairs.ts';
import type { ImageAddress, ImageState } from '../substrate.ts';
import type { Image as Ordinary, ImageInit } from './image.ts';
import type { Asked } from './lattice.ts';
import type { Slot, SlotField } from './slot.ts';
import { withoutImages } from './without.ts';

/** In the single build there is one, {@link img0}: everything of it is constant but what stands in its slots. EOPNOTSUPP to make another. */
export class Image implements Ordinary {
  addrHi = 0;
  addrLo = 0;
  maskHi = 0;
  maskLo = 0;
  prefix = 0;
  state: ImageState = 'live';
  [instance: SlotField]: object | undefined;
  /** Filled by ImageTree, with the components of whoever boots. */
  readonly slots: Slot[] = [];
  readonly parent: undefined;
  readonly children: Map<string, Ordinary> = new Map();
  readonly segment: string = 'img0';
  readonly name: string = 'img0';
  readonly serial: bigint = 0n;
  persist = true;
  pairs: Pairs = [];
  readonly asked: Map<string, Map<string, Asked>> = new Map();
  readonly refs: RefCount = new RefCount('image img0', () => undefined);

  constructor(init?: ImageInit) {
    if (init !== undefined) throw withoutImages(init.name);
    this.refs.hold('tree');
  }

  get address(): ImageAddress {
    return { hi: 0, lo: 0, prefix: 0 };
  }

  /** EOPNOTSUPP: there is nothing below. */
  get subnets(): never {
    throw withoutImages('children.max');
  }

  get depth(): number {
    return 0;
  }

  evict(): void {
    kassert(false, 'img0 is never removed');
  }
}

/** The image of every credential. */
export const img0: Image = /* @__PURE__ */ new Image();

/** ESRCH unless the image is there. */
export function checkLive(image: Ordinary): void {
  if (image !== img0) throw new VimageError('ESRCH', `no image "${image.name}"`, { subject: image.name });
}
