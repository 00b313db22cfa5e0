import { VimageError, kassert } from '../errors.ts';
import { nearest } from '../pairs/nearest.ts';
import { freeAll } from '../ref/refcount.ts';
import type { ImageAddress } from '../substrate.ts';
import { childAddress, formatAddress, isInside, sameAddress } from './address.ts';
import { dyingSlot, evict, freeSlot, knownSlot, occupy, vacate } from './allot.ts';
import { Image, checkLive } from './image.ts';
import { checkAsked, setAsked } from './lattice.ts';
import { checkLength, checkSegment, shown, splitName } from './name.ts';
import type { SlotAsk } from './slot.ts';
import { checkChildrenMax, childrenMaxMost } from './subnets.ts';
import { componentsMost, type KnownImage, type NewImage, type TreeInit } from './wanted.ts';

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
    const serial = init.serial ?? 0n;
    this.img0 = new Image(
      {
        parent: undefined,
        segment: 'img0',
        name: 'img0',
        serial,
        address: { hi: 0, lo: 0, prefix: 0 },
        persist: true,
        childrenMax: childrenMaxMost,
        pairs: [],
        components,
        slots,
      },
      (image) => this.#gone(image),
    );
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
  check(wanted: NewImage, visible?: (image: Image) => boolean, replaced?: Image): void {
    this.#checkNew(wanted, replaced);
    if (replaced === undefined) freeSlot(wanted.parent);
    for (const asked of wanted.asked ?? []) checkAsked(wanted.parent, asked, visible);
  }

  /** Makes an image and allots its address. ESRCH, EEXIST, EPERM, ENOSPC, EINVAL, ENAMETOOLONG; after an error nothing has changed. */
  add(wanted: NewImage, visible?: (image: Image) => boolean): Image {
    this.check(wanted, visible);
    const slot = freeSlot(wanted.parent);
    return this.#publish({ ...wanted, address: childAddress(wanted.parent.address, wanted.parent.subnets.bits, slot) }, slot);
  }

  /**
   * Takes in an image whose address was allotted before. EBADMSG when the address cannot be this parent's child, EEXIST when it,
   * the name or the serial is taken. A dying image gives up its address to one that is not. Restrictions are not compared with the
   * parent's, which may have been tightened since.
   */
  adopt(known: KnownImage): Image {
    const { parent, address, state = 'live' } = known;
    this.#checkKnown(known);
    if (state === 'dying') return this.#publish(known, dyingSlot(parent, address));
    if (parent.state === 'dying') checkLive(parent);
    if (parent.children.has(known.name)) throw exists(parent, known.name);
    return this.#publish(known, knownSlot(parent, known.name, address));
  }

  /** `children.max` is fixed while there are children: EBUSY; also EINVAL, ENOSPC. */
  setChildrenMax(image: Image, max: number): void {
    checkChildrenMax(image.name, image.prefix, max);
    if (max === image.subnets.max) return;
    if (image.children.size > 0) {
      throw new VimageError('EBUSY', `children.max of "${image.name}" is fixed while it has children`, { subject: 'children.max', hint: 'remove them first' });
    }
    if (image === this.img0) throw new VimageError('EPERM', `children.max of img0 is always ${childrenMaxMost}`, { subject: 'children.max' });
    for (const [, child] of [...image.subnets.taken()]) evict(child);
    image.subnets.resize(max);
  }

  /** Marks an image as being taken down: still named, but nothing new may refer to it. */
  doom(image: Image): void {
    kassert(image !== this.img0, 'img0 is never removed');
    if (image.state === 'live') image.state = 'removing';
  }

  /**
   * Removes an image by name; true when it is gone, false when it is dying. With `keep` the tree keeps it dying until `reap`, for
   * what refers to it outside of this process. ENOTEMPTY while it has children.
   */
  remove(image: Image, keep = false): boolean {
    kassert(image !== this.img0 && image.state !== 'dying', `${image.name} cannot be removed`);
    if (image.children.size > 0) {
      throw new VimageError('ENOTEMPTY', `image "${image.name}" has ${image.children.size} children`, { subject: image.name, hint: 'remove them first' });
    }
    image.parent?.children.delete(image.segment);
    image.state = 'dying';
    this.#dying.add(image);
    if (keep) image.refs.hold('registry');
    return image.refs.free('tree');
  }

  /** Nothing outside of this process refers to a dying image any more; true when it is gone. */
  reap(image: Image): boolean {
    return image.refs.held().has('registry') ? image.refs.free('registry') : image.refs.gone;
  }

  /** The image and all below it, every child before its parent. */
  subtreeBottomUp(image: Image): readonly Image[] {
    return [...[...image.children.values()].flatMap((child) => this.subtreeBottomUp(child)), image];
  }

  /** Finds a name relative to `from`; `.` is `from` itself. What is not below it is ESRCH, whether it exists or not. */
  lookup(from: Image, dotted: string): Image {
    if (dotted === 'img0' && from === this.img0) return from;
    let image: Image = from;
    const segments = splitName(dotted);
    for (const [i, segment] of segments.entries()) {
      const child = image.children.get(segment);
      if (child === undefined) {
        const near = nearest(segment, image.children.keys());
        const whole = [...segments.slice(0, i), near, ...segments.slice(i + 1)].join('.');
        throw new VimageError('ESRCH', `no image ${shown(dotted)}`, { subject: dotted, hint: near === undefined ? 'imgctl ls lists those that there are' : `did you mean "${whole}"?` });
      }
      image = child;
    }
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

  #checkNew(wanted: NewImage, replaced?: Image): void {
    checkLive(wanted.parent);
    this.#checkKnown(wanted);
    if (replaced === undefined && wanted.parent.children.has(wanted.name)) throw exists(wanted.parent, wanted.name);
  }

  #checkKnown({ parent, name, serial, childrenMax }: NewImage): void {
    checkSegment(name);
    checkLength(fullName(parent, name));
    const other = this.#bySerial.get(serial);
    if (other !== undefined) throw new VimageError('EEXIST', `serial ${serial} of "${name}" is that of "${other.name}"`, { subject: name });
    checkChildrenMax(name, parent.prefix + parent.subnets.bits, childrenMax ?? 0);
  }

  #publish(known: KnownImage, slot: number | undefined): Image {
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
        components: this.components,
        slots: this.components.map((_, number) => known.slots?.get(number) ?? { kind: 'inherit' }),
      },
      (last) => this.#gone(last),
    );
    for (const asked of known.asked ?? []) setAsked(image, asked);
    this.#bySerial.set(serial, image);
    image.state = known.state ?? 'live';
    if (slot === undefined) image.evict();
    else occupy(parent, slot, image);
    if (image.state === 'dying') {
      image.refs.hold('registry');
      this.#dying.add(image);
    } else {
      image.refs.hold('tree');
      parent.children.set(image.segment, image);
    }
    return image;
  }

  #gone(image: Image): void {
    this.#dying.delete(image);
    this.#bySerial.delete(image.serial);
    const { parent } = image;
    vacate(image);
    freeAll([...image.slots.map((slot) => () => slot.ref.detach(slot)), () => parent?.refs.free('child')]);
  }
}

function exists(parent: Image, name: string): VimageError {
  return new VimageError('EEXIST', `image "${fullName(parent, name)}" exists`, { subject: name, hint: 'choose another name, or remove it first' });
}

function fullName(parent: Image, segment: string): string {
  return parent.parent === undefined ? segment : `${parent.name}.${segment}`;
}
