import { kassert } from '../errors.ts';
import type { Image } from '../image/image.ts';
import type { KernelState } from './state.ts';

/** What stands in a slot of img0: the machine's own. */
export async function instanceAt(state: KernelState, image: Image, component: number): Promise<object> {
  const slot = image.slots[component];
  kassert(slot !== undefined, `img0 has no slot ${component}`);
  if (slot.instance !== undefined) return slot.instance;
  const instance = await state.component(component).root(state.substrate);
  slot.ref.renew(instance);
  return instance;
}

/** Lets go of what stands in the slots of this kernel's components, where no other kernel of this process has them. */
export function forgetInstances({ components, tree }: KernelState): void {
  for (const made of components) {
    const ref = tree.img0.slots[tree.component(made.name)]?.ref;
    kassert(ref !== undefined, `img0 has no slot for ${made.name}`);
    ref.refs.free('kernel');
    const { instance } = ref;
    if (instance === undefined || ref.refs.held().has('kernel')) continue;
    ref.renew(undefined);
    made.forget?.(instance);
  }
}
