import { kassert } from '../errors.ts';
import { RefCount } from '../ref/refcount.ts';
import type { Pairs } from '../pairs/pairs.ts';
import type { ImageAddress, ImageState } from '../substrate.ts';
import { addressBits, maskHi, maskLo } from './address.ts';
import type { Asked } from './lattice.ts';
import { Slot, type SlotAsk, resolveSlot } from './slot.ts';
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
  /** By component number, one for each component. */
  readonly slots: readonly SlotAsk[];
}

/**
 * A node of the tree: one slot per component. It holds one reference on its parent and one on each instance in its slots.
 * Unmarked fields are constant; (t) is changed by ImageTree only.
 */
export class Image {
  /** (t) Address and mask first, as {@link isInside} reads them. */
  addrHi: number;
  addrLo: number;
  maskHi: number;
  maskLo: number;
  /** By component number. Never changes length, and its elements are never replaced. */
  readonly slots: readonly Slot[];
  /** (t) */
  prefix: number;
  /** (t) */
  state: ImageState = 'live';
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
    const { address } = init;
    this.addrHi = address.hi | 0;
    this.addrLo = address.lo | 0;
    this.maskHi = maskHi(address.prefix);
    this.maskLo = maskLo(address.prefix);
    this.prefix = address.prefix;
    this.parent = init.parent;
    this.segment = init.segment;
    this.name = init.name;
    this.serial = init.serial;
    this.persist = init.persist;
    this.pairs = init.pairs;
    this.subnets = new Subnets(init.childrenMax);
    const made = init.slots.map((ask, component) => this.#slot(component, ask));
    this.slots = made;
    this.refs = new RefCount(`image ${init.name} (serial ${init.serial})`, () => gone(this));
    init.parent?.refs.hold('child');
    for (const slot of made) slot.ref.attach(slot, this);
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

  /** (t) Gives up the address while dying. The one taken instead is inside img0 and nothing else, and nothing is inside it. */
  evict(): void {
    kassert(this.state === 'dying', `${this.name} loses its address while ${this.state}`);
    this.addrHi = 0;
    this.addrLo = 1;
    this.maskHi = -1;
    this.maskLo = -1;
    this.prefix = addressBits;
  }

  #slot(component: number, ask: SlotAsk): Slot {
    if (this.parent === undefined) {
      kassert(ask.kind === 'own', 'img0 owns all of its slots');
      return new Slot(component, 'own', this, ask.instance);
    }
    const { kind, owner, ref } = resolveSlot(component, this.parent, ask);
    return new Slot(component, kind, owner ?? this, ref);
  }
}
