import { codeOf } from '../errors.ts';
import type { Holder, StoredImage } from '../substrate.ts';
import type { Image } from '../image/image.ts';
import { visible } from './draft.ts';
import { instanceAt } from './instance.ts';
import { viewOf, type KernelState } from './state.ts';

/** Everything that keeps the image of that name, or, where there is none, those that are dying and had it. ESRCH. */
export async function refsOf(state: KernelState, name: string): Promise<readonly Holder[]> {
  const dying = [...state.dying.values()].filter((record) => state.cimg === state.tree.img0 && record.name === name);
  try {
    return await refsOfImage(state, visible(state, name));
  } catch (error) {
    if (codeOf(error) !== 'ESRCH' || dying.length === 0) throw error;
  }
  const holders: Holder[] = [];
  for (const record of dying) holders.push(...(await refsOfDying(state, record)));
  return holders;
}

/** What its maker left, and for whom. */
async function refsOfDying(state: KernelState, record: StoredImage): Promise<readonly Holder[]> {
  const holders: Holder[] = [...(await state.substrate.holders(record))];
  for (const [number, { name }] of state.components.entries()) {
    for (const image of state.instances.get(`${number}/${record.serial}`)?.images() ?? []) holders.push({ kind: 'share', component: name, detail: image.name });
  }
  return holders;
}

/** Everything that keeps an image, or an instance it made: on the machine, in the tree, in this process. */
async function refsOfImage(state: KernelState, image: Image): Promise<readonly Holder[]> {
  const holders: Holder[] = [...(await state.substrate.holders(state.record(image)))];
  for (const child of image.children.values()) holders.push({ kind: 'child', detail: state.tree.nameFrom(state.cimg, child) });
  for (const [who, count] of image.refs.held()) {
    if (who === 'tree' || who === 'child') continue;
    holders.push({ kind: who, detail: `${count} in this process` });
  }
  for (const slot of image.slots) {
    if (slot.kind !== 'own') continue;
    const component = state.component(slot.component);
    for (const other of slot.ref.images()) {
      if (other !== image) holders.push({ kind: other.slots[slot.component]?.kind ?? 'share', component: component.name, detail: other.name });
    }
    const instance = await instanceAt(state, image, slot.component);
    for (const holder of (await component.holders?.(instance, { substrate: state.substrate, image: viewOf(image) })) ?? []) {
      holders.push({ component: component.name, ...holder });
    }
  }
  return holders;
}
