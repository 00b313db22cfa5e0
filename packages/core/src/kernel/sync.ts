import { VimageError, codeOf } from '../errors.ts';
import type { Image } from '../image/image.ts';
import { sameAddress } from '../image/address.ts';
import { replaceAsked } from '../image/lattice.ts';
import type { SlotAsk } from '../image/slot.ts';
import type { Pairs } from '../pairs/pairs.ts';
import { sections } from '../pairs/sections.ts';
import { childrenMaxOf } from '../pairs/tables.ts';
import type { DamagedImage, StoredImage } from '../substrate.ts';
import { whole } from './implied.ts';
import { instanceRef, letGo, makerOf } from './instance.ts';
import { askedIn } from './restrict.ts';
import type { KernelState } from './state.ts';

/** Brings the tree up to what the registry says now. Runs under the mutex. */
export async function sync(state: KernelState): Promise<void> {
  const snapshot = await state.substrate.load(state.generation);
  if (snapshot === undefined) return;
  const named = snapshot.images.filter((stored) => stored.state !== 'dying');
  const bySerial = new Map(named.map((stored) => [stored.serial, stored]));
  for (const image of state.tree.subtreeBottomUp(state.tree.img0)) {
    if (image !== state.tree.img0 && !stillThere(image, bySerial.get(image.serial))) drop(state, image);
  }
  const damaged: DamagedImage[] = [...snapshot.damaged];
  const byDepth = [...named].sort((a, b) => a.name.split('.').length - b.name.split('.').length || (a.serial < b.serial ? -1 : 1));
  for (const stored of byDepth) {
    try {
      take(state, stored);
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      damaged.push({ name: stored.name, error });
    }
  }
  state.dying.clear();
  for (const stored of snapshot.images) if (stored.state === 'dying') state.dying.set(stored.serial, stored);
  state.damaged = damaged;
  state.generation = snapshot.generation;
}

function stillThere(image: Image, stored: StoredImage | undefined): boolean {
  return stored !== undefined && stored.name === image.name && sameAddress(stored.address, image.address);
}

/** An image that another process removed. */
function drop(state: KernelState, image: Image): void {
  state.records.delete(image);
  state.tree.remove(image);
}

function take(state: KernelState, stored: StoredImage): void {
  const known = state.tree.bySerial(stored.serial);
  if (known !== undefined) refresh(state, known, stored);
  else state.records.set(adopt(state, stored), stored);
}

function adopt(state: KernelState, stored: StoredImage): Image {
  const cut = stored.name.lastIndexOf('.');
  const parent = cut < 0 ? state.tree.img0 : parentOf(state, stored.name.slice(0, cut));
  const childrenMax = childrenMaxOf(stored.pairs);
  const pairs = whole(state, stored.pairs);
  const image = state.tree.adopt({
    parent,
    name: stored.name.slice(cut + 1),
    serial: stored.serial,
    address: stored.address,
    persist: stored.persist,
    childrenMax,
    pairs: stored.pairs,
    slots: slotsOf(state, stored, pairs),
    asked: askedIn(state.tables, pairs),
  });
  if (stored.state === 'removing') state.tree.doom(image);
  return image;
}

function parentOf(state: KernelState, name: string): Image {
  try {
    return state.tree.lookup(state.tree.img0, name);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
    throw new VimageError('EBADMSG', `its parent "${name}" is missing or damaged`, { subject: name });
  }
}

function refresh(state: KernelState, image: Image, stored: StoredImage): void {
  const before = state.records.get(image);
  state.records.set(image, stored);
  image.persist = stored.persist;
  if (!samePairs(image.pairs, stored.pairs)) replaceAsked(image, askedIn(state.tables, whole(state, stored.pairs)));
  image.pairs = stored.pairs;
  if (stored.state === 'removing') state.tree.doom(image);
  const max = childrenMaxOf(stored.pairs);
  if (max !== image.subnets.max && image.children.size === 0) state.tree.setChildrenMax(image, max);
  for (const slot of image.slots) {
    if (slot.kind !== 'own' || slot.instance === undefined) continue;
    const { name } = state.component(slot.component);
    if (!samePairs(before?.saved.get(name), stored.saved.get(name))) letGo(state, slot.ref);
  }
}

/** The slots that an image's pairs, with what they bring along, ask for. Components that this kernel does not have are left as they are. */
function slotsOf(state: KernelState, stored: StoredImage, pairs: Pairs): ReadonlyMap<number, SlotAsk> {
  const asks = new Map<number, SlotAsk>();
  for (const { component } of sections(pairs).sections) {
    const number = state.components.findIndex(({ name }) => name === component);
    if (number < 0) continue;
    const maker = makerOf(stored.saved.get(component) ?? []);
    asks.set(number, maker === undefined
      ? { kind: 'own', instance: instanceRef(state, number, stored.serial, stored.name) }
      : { kind: 'share', instance: maker.serial === 0n ? img0Ref(state, number) : instanceRef(state, number, maker.serial, maker.name) });
  }
  return asks;
}

function img0Ref(state: KernelState, number: number): ReturnType<typeof instanceRef> {
  const slot = state.tree.img0.slots[number];
  if (slot === undefined) throw new VimageError('EBADMSG', `no component has number ${number}`);
  return slot.ref;
}

function samePairs(a: Pairs | undefined, b: Pairs | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
