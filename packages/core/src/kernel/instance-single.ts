import type { Image } from '../image/image.ts';
import { refOf } from '../image/root-single.ts';
import type { KernelState } from './state.ts';

/** What stands in a slot of img0: the machine's own. */
export async function instanceAt(state: KernelState, _image: Image, component: number): Promise<object> {
  const made = state.component(component);
  const ref = refOf(made.name);
  if (ref.instance !== undefined) return ref.instance;
  const instance = await made.root(state.substrate);
  ref.renew(instance);
  return instance;
}

/** Lets go of what stands in the slots of this kernel's components, where no other kernel of this process has them. */
export function forgetInstances({ components }: KernelState): void {
  for (const made of components) {
    const ref = refOf(made.name);
    ref.refs.free('kernel');
    const { instance } = ref;
    if (instance === undefined || ref.refs.held().has('kernel')) continue;
    ref.renew(undefined);
    made.forget?.(instance);
  }
}
