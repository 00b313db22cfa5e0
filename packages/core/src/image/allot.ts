import { VimageError, kassert } from '../errors.ts';
import type { ImageAddress } from '../substrate.ts';
import { childAddress, childSlot, formatAddress, isAddress, sameAddress } from './address.ts';
import type { Image } from './image.ts';

/** A slot for a new child: the lowest free one, else a dying child's, which has no use for it. EPERM when there are children.max. */
export function freeSlot(parent: Image): number {
  const { max, bound } = parent.subnets;
  if (parent.children.size >= bound) {
    throw new VimageError('EPERM', `the image that this is has children.max ${bound}, and as many images in it`, {
      subject: 'children.max', hint: 'remove one of them, or have it set from outside: imgctl set NAME children.max ...',
    });
  }
  if (parent.children.size >= max) {
    throw new VimageError('EPERM', `image "${parent.name}" has ${parent.children.size} children and children.max ${max}`, {
      subject: 'children.max',
      hint: max === 0 ? `imgctl set ${parent.name} children.max 8 makes room for 8` : 'remove one of them, or set children.max while there are none',
    });
  }
  const free = parent.subnets.lowest();
  if (free !== undefined) return free;
  for (const [slot, image] of parent.subnets.taken()) if (image.state === 'dying') return slot;
  kassert(false, `${parent.name}: more slots taken than there are children`);
}

/** The slot of an address allotted before: EBADMSG when it is none of this parent's, EEXIST when a child that is not dying has it. */
export function knownSlot(parent: Image, name: string, address: ImageAddress): number {
  const slot = slotOf(parent, address);
  if (slot === undefined) {
    throw new VimageError('EBADMSG', `address ${formatAddress(address)} of "${name}" is none of the ${parent.subnets.max} children of "${parent.name}"`, {
      subject: name,
      hint: 'the entry was damaged or belongs elsewhere: remove it and create the image again',
    });
  }
  const holder = parent.subnets.at(slot);
  if (holder !== undefined && holder.state !== 'dying') {
    throw new VimageError('EEXIST', `address ${formatAddress(address)} of "${name}" is that of "${holder.name}"`, { subject: name });
  }
  return slot;
}

/** The slot of a dying image, or undefined when it has lost it to another. */
export function dyingSlot(parent: Image, address: ImageAddress): number | undefined {
  const slot = slotOf(parent, address);
  return slot === undefined || parent.subnets.at(slot) !== undefined ? undefined : slot;
}

/** Gives the slot to `image`; who had it is dying, and loses its address. */
export function occupy(parent: Image, slot: number, image: Image): void {
  const before = parent.subnets.at(slot);
  if (before !== undefined) evict(before);
  parent.subnets.take(slot, image);
}

/** Gives the image's slot back to its parent, unless it has lost it before. */
export function vacate(image: Image): void {
  const { parent } = image;
  if (parent !== undefined) parent.subnets.release(childSlot(image.address, parent.subnets.bits), image);
}

/** Takes the address from a dying image, and from what is dying below it. */
export function evict(image: Image): void {
  for (const [, child] of [...image.subnets.taken()]) evict(child);
  vacate(image);
  image.evict();
}

function slotOf(parent: Image, address: ImageAddress): number | undefined {
  const { bits } = parent.subnets;
  if (bits === 0 || !isAddress(address)) return undefined;
  const slot = childSlot(address, bits);
  return slot !== 0 && sameAddress(address, childAddress(parent.address, bits, slot)) ? slot : undefined;
}
