import { InvariantError, VimageError, kassert } from '../errors.ts';
import type { Pairs } from '../pairs/pairs.ts';
import type { ImageAddress } from '../substrate.ts';
import { childAddress, childSlot, formatAddress, isAddress, isInside, sameAddress } from './address.ts';
import { Image } from './image.ts';
import { type Asked, checkAsked, setAsked } from './lattice.ts';
import { checkLength, checkSegment, shown, splitName } from './name.ts';
import type { InstanceRef, SlotAsk } from './slot.ts';
import { checkChildrenMax, childrenMaxMost } from './subnets.ts';

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
}

/** The tree of images: names, addresses, and who still refers to what was removed. */
export class ImageTree {
  readonly img0: Image;
  readonly components: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #bySerial = new Map<bigint, Image>();
  readonly #dying = new Set<Image>();

  constructor(init: TreeInit) {
    const { components, instances } = init;
    if (components.length > componentsMost) throw new VimageError('E2BIG', `${components.length} components: at most ${componentsMost} can be registered`);
    kassert(instances.length === components.length, 'img0 has one instance for each component');
    this.components = components;
    this.#numbers = new Map(components.map((name, number) => [name, number]));
    const slots = instances.map((instance): SlotAsk => ({ kind: 'own', instance }));
    const address = { hi: 0, lo: 0, prefix: 0 };
    const serial = init.serial ?? 0n;
    this.img0 = new Image({ parent: undefined, segment: 'img0', name: 'img0', serial, address, persist: true, childrenMax: childrenMaxMost, pairs: [], slots }, (image) => this.#gone(image));
    this.img0.refs.hold('tree');
    this.#bySerial.set(serial, this.img0);
  }

  /** The number of a component; ENOENT. Ask once, at boot. */
  component(name: string): number {
    const number = this.#numbers.get(name);
    if (number === undefined) throw new VimageError('ENOENT', `no component ${shown(name)} is registered`, { subject: name });
    return number;
  }

  /** Removed by name, but still referenced. */
  get dying(): ReadonlySet<Image> {
    return this.#dying;
  }

  /** The image that has, or last had, this serial, as long as it is referenced. */
  bySerial(serial: bigint): Image | undefined {
    return this.#bySerial.get(serial);
  }

  /** Checks all that `add` would check; nothing changes. `visible` keeps ancestors that the caller may not see out of messages. */
  check(wanted: NewImage, visible?: (image: Image) => boolean): void {
    this.#checkNew(wanted);
    this.#freeSlot(wanted.parent);
    for (const asked of wanted.asked ?? []) checkAsked(wanted.parent, asked, visible);
  }

  /** Makes an image and allots its address. ESRCH, EEXIST, EPERM, ENOSPC, EINVAL, ENAMETOOLONG; after an error nothing has changed. */
  add(wanted: NewImage, visible?: (image: Image) => boolean): Image {
    this.check(wanted, visible);
    const slot = this.#freeSlot(wanted.parent);
    return this.#publish({ ...wanted, address: childAddress(wanted.parent.address, wanted.parent.subnets.bits, slot) }, slot);
  }

  /**
   * Takes in an image whose address was allotted before. EBADMSG when the address cannot be this parent's child, EEXIST when it,
   * the name or the serial is taken; a dying image gives up its address to it. Restrictions are not compared with the parent's,
   * which may have been tightened since.
   */
  adopt(known: KnownImage): Image {
    this.#checkNew(known);
    const { parent, address } = known;
    const { bits } = parent.subnets;
    const slot = isAddress(address) ? childSlot(address, bits) : 0;
    if (bits === 0 || slot === 0 || !sameAddress(address, childAddress(parent.address, bits, slot))) {
      throw new VimageError('EBADMSG', `address ${formatAddress(address)} of "${known.name}" is none of the ${parent.subnets.max} children of "${parent.name}"`, {
        subject: known.name,
        hint: 'the entry was damaged or belongs elsewhere: remove it and create the image again',
      });
    }
    const holder = parent.subnets.at(slot);
    if (holder !== undefined && holder.state !== 'dying') {
      throw new VimageError('EEXIST', `address ${formatAddress(address)} of "${known.name}" is that of "${holder.name}"`, { subject: known.name });
    }
    return this.#publish(known, slot);
  }

  /** `children.max` is fixed while there are children: EBUSY; also EINVAL, ENOSPC. */
  setChildrenMax(image: Image, max: number): void {
    checkChildrenMax(image.name, image.prefix, max);
    if (max === image.subnets.max) return;
    if (image.children.size > 0) {
      throw new VimageError('EBUSY', `children.max of "${image.name}" is fixed while it has children`, { subject: 'children.max', hint: 'remove them first' });
    }
    kassert(image !== this.img0, 'children.max of img0 is constant');
    for (const child of [...image.subnets.holders()]) this.#evict(child);
    image.subnets.resize(max);
  }

  /** Marks an image as being taken down: still named, but nothing new may refer to it. */
  doom(image: Image): void {
    kassert(image !== this.img0, 'img0 is never removed');
    if (image.state === 'live') image.state = 'removing';
  }

  /** Removes an image by name; true when it is gone, false when it is dying. ENOTEMPTY while it has children. */
  remove(image: Image): boolean {
    kassert(image !== this.img0 && image.state !== 'dying', `${image.name} cannot be removed`);
    if (image.children.size > 0) {
      throw new VimageError('ENOTEMPTY', `image "${image.name}" has ${image.children.size} children`, { subject: image.name, hint: 'remove them first' });
    }
    image.parent?.children.delete(image.segment);
    image.state = 'dying';
    this.#dying.add(image);
    return image.refs.free('tree');
  }

  /** The image and all below it, every child before its parent. */
  subtreeBottomUp(image: Image): readonly Image[] {
    return [...[...image.children.values()].flatMap((child) => this.subtreeBottomUp(child)), image];
  }

  /** Finds a name relative to `from`; `.` is `from` itself. What is not below it is ESRCH, whether it exists or not. */
  lookup(from: Image, dotted: string): Image {
    if (dotted === 'img0' && from === this.img0) return from;
    let image: Image | undefined = from;
    for (const segment of splitName(dotted)) image = image?.children.get(segment);
    if (image === undefined) throw new VimageError('ESRCH', `no image ${shown(dotted)}`, { subject: dotted });
    return image;
  }

  /** The name by which `viewer` knows an image, `.` for itself; ESRCH when it may not know it. */
  nameFrom(viewer: Image, image: Image): string {
    const segments: string[] = [];
    for (let up: Image | undefined = image; up !== viewer; up = up.parent) {
      if (up === undefined) throw new VimageError('ESRCH', 'no such image');
      segments.unshift(up.segment);
    }
    return segments.length === 0 ? '.' : segments.join('.');
  }

  /** The image that a handle or a registry entry means; ESRCH when the address has another serial by now, or is outside `from`. */
  at(from: Image, address: ImageAddress, serial: bigint): Image {
    const image = this.#bySerial.get(serial);
    if (image === undefined || image.state === 'dying' || !sameAddress(image.address, address) || !isInside(image, from)) {
      throw new VimageError('ESRCH', `no image ${formatAddress(address)} with serial ${serial}`);
    }
    return image;
  }

  /** Removes every image and gives up img0. What is still dying afterwards is held by somebody. */
  close(): void {
    for (const image of this.subtreeBottomUp(this.img0)) if (image !== this.img0) this.remove(image);
    this.img0.state = 'dying';
    this.img0.refs.free('tree');
  }

  #checkNew({ parent, name, serial, childrenMax }: NewImage): void {
    checkSegment(name);
    checkLength(fullName(parent, name));
    checkLive(parent);
    if (parent.children.has(name)) throw new VimageError('EEXIST', `image "${fullName(parent, name)}" exists`, { subject: name });
    const other = this.#bySerial.get(serial);
    if (other !== undefined) throw new VimageError('EEXIST', `serial ${serial} of "${name}" is that of "${other.name}"`, { subject: name });
    checkChildrenMax(name, parent.prefix + parent.subnets.bits, childrenMax ?? 0);
  }

  /** A slot for a new child: free, else the longest dying one's, which has no use for it. */
  #freeSlot(parent: Image): number {
    const { max, bits } = parent.subnets;
    if (parent.children.size >= max) {
      throw new VimageError('EPERM', `image "${parent.name}" has ${parent.children.size} children and children.max ${max}`, {
        subject: 'children.max',
        hint: max === 0 ? `give "${parent.name}" a children.max` : 'remove one, or set children.max when there are none',
      });
    }
    const free = parent.subnets.lowest();
    if (free !== undefined) return free;
    for (const image of this.#dying) {
      if (image.parent === parent && parent.subnets.at(childSlot(image.address, bits)) === image) return childSlot(image.address, bits);
    }
    throw new InvariantError(`${parent.name}: all slots taken, by fewer children than slots`);
  }

  #publish(known: KnownImage, slot: number): Image {
    const { parent, serial } = known;
    const image = new Image(
      {
        parent,
        segment: known.name,
        name: fullName(parent, known.name),
        serial,
        address: known.address,
        persist: known.persist ?? false,
        childrenMax: known.childrenMax ?? 0,
        pairs: known.pairs ?? [],
        slots: this.components.map((_, number) => known.slots?.get(number) ?? { kind: 'inherit' }),
      },
      (last) => this.#gone(last),
    );
    const before = parent.subnets.at(slot);
    if (before !== undefined) this.#evict(before);
    parent.subnets.take(slot, image);
    for (const asked of known.asked ?? []) setAsked(image, asked);
    image.refs.hold('tree');
    this.#bySerial.set(serial, image);
    parent.children.set(image.segment, image);
    return image;
  }

  /** Takes the address from a dying image, and from what is dying below it. */
  #evict(image: Image): void {
    for (const child of [...image.subnets.holders()]) this.#evict(child);
    if (image.parent !== undefined) image.parent.subnets.release(childSlot(image.address, image.parent.subnets.bits), image);
    image.evict();
  }

  #gone(image: Image): void {
    this.#dying.delete(image);
    this.#bySerial.delete(image.serial);
    const { parent } = image;
    if (parent !== undefined) parent.subnets.release(childSlot(image.address, parent.subnets.bits), image);
    try {
      for (const slot of image.slots) slot.ref.detach(slot);
    } finally {
      parent?.refs.free('child');
    }
  }
}

/** ESRCH unless the image is there and not being removed. */
export function checkLive(image: Image): void {
  if (image.state !== 'live') throw new VimageError('ESRCH', `image "${image.name}" is ${image.state}`, { subject: image.name });
}

function fullName(parent: Image, segment: string): string {
  return parent.parent === undefined ? segment : `${parent.name}.${segment}`;
}
