import type { Holder } from '../substrate.ts';
import type { Image } from '../image/image.ts';
import { instanceAt } from './instance.ts';
import { viewOf, type KernelState } from './state.ts';

/** Everything that keeps an image, or an instance it made: on the machine, in the tree, in this process. */
export async function refsOf(state: KernelState, image: Image): Promise<readonly Holder[]> {
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
