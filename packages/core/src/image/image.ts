import { VimageError, kassert } from '../errors.ts';
import { RefCount } from '../ref/refcount.ts';
import type { Pairs } from '../pairs/pairs.ts';
import type { ImageAddress, ImageState } from '../substrate.ts';
import { addressBits, maskHi, maskLo } from './address.ts';
import type { Asked } from './lattice.ts';
import { Slot, type SlotAsk, type SlotField, resolveSlot, slotField } from './slot.ts';
import { Subnets } from './subnets.ts';

/** What an image is made of; see ImageTree, which makes them. */
export interface ImageInit {
  readonly parent: Image | undefined;
  readonly segment: string;
  readonly name: string;
  readonly serial: bigint;
  readonly address: ImageAddress;
  readonly persist: boolean;
  readonly childrenMax: number;
  readonly pairs: Pairs;
  /** Component names, in order of their numbers. */
  readonly components: readonly string[];
  /** By component number, one for each component. */
  readonly slots: readonly SlotAsk[];
}

/**
 * A node of the tree: one slot per component. It holds one reference on its parent and one on each instance in its slots.
 * Unmarked fields are constant; (t) is changed by ImageTree only.
 *
 * All images of a tree have the same fields in the same order, and the numbers are small integers from the start: a slot is then
 * read as fast as any other property, `cimg(cr)['v_net']`.
 */
export class Image {
  /** (t) Address and mask, as {@link isInside} reads them. */
  addrHi = 0;
  addrLo = 0;
  maskHi = 0;
  maskLo = 0;
  /** (t) */
  prefix = 0;
  /** (t) */
  state: ImageState = 'live';
  /**
   * What stands in the slot of a component (struct vimage's v_net, v_procg); undefined until this process needed it. Changed by
   * {@link InstanceRef.renew}.
   */
  [instance: SlotField]: object | undefined;
  /** How each slot was filled, by component number. */
  readonly slots: readonly Slot[];
  readonly parent: Image | undefined;
  /** (t) By segment; the dying are not here. */
  readonly children: Map<string, Image> = new Map();
  readonly segment: string;
  /** Full dotted name from img0, `img0` for the root itself. */
  readonly name: string;
  readonly serial: bigint;
  persist: boolean;
  /** What was asked, as it was asked. */
  pairs: Pairs;
  /** (t) Addresses of the children. */
  readonly subnets: Subnets<Image>;
  /** Restrictions asked here, by component and key; see lattice.ts. */
  readonly asked: Map<string, Map<string, Asked>> = new Map();
  readonly refs: RefCount;

  constructor(init: ImageInit, gone: (image: Image) => void) {
    const { address, components, parent } = init;
    place(this, address);
    for (const component of components) this[slotField(component)] = undefined;
    this.parent = parent;
    this.segment = init.segment;
    this.name = init.name;
    this.serial = init.serial;
    this.persist = init.persist;
    this.pairs = init.pairs;
    this.subnets = new Subnets(init.childrenMax);
    this.slots = components.map((name, number) => {
      const ask = init.slots[number] ?? inherit;
      const { kind, owner, ref } = resolveSlot(number, parent, ask);
      return new Slot(number, name, kind, owner ?? this, ref);
    });
    this.refs = new RefCount(`image ${init.name} (serial ${init.serial})`, () => gone(this));
    // Nothing fails from here on.
    parent?.refs.hold('child');
    for (const slot of this.slots) slot.ref.attach(slot, this);
  }

  get address(): ImageAddress {
    return { hi: this.addrHi >>> 0, lo: this.addrLo >>> 0, prefix: this.prefix };
  }

  /** Images between here and img0; img0's is 0. */
  get depth(): number {
    let depth = 0;
    for (let up = this.parent; up !== undefined; up = up.parent) depth += 1;
    return depth;
  }

  /** (t) Gives up the address while dying. What is taken instead is inside img0 and nothing else, and nothing is inside it. */
  evict(): void {
    kassert(this.state === 'dying', `${this.name} loses its address while ${this.state}`);
    place(this, { hi: 0, lo: 1, prefix: addressBits });
    // No address masked to nothing is 1.
    this.maskHi = 0;
    this.maskLo = 0;
  }
}

const inherit: SlotAsk = { kind: 'inherit' };

/** ESRCH unless the image is there and not being removed. */
export function checkLive(image: Image): void {
  if (image.state !== 'live') throw new VimageError('ESRCH', `image "${image.name}" is ${image.state}`, { subject: image.name });
}

function place(image: Image, address: ImageAddress): void {
  image.addrHi = address.hi | 0;
  image.addrLo = address.lo | 0;
  image.maskHi = maskHi(address.prefix);
  image.maskLo = maskLo(address.prefix);
  image.prefix = address.prefix;
}
