import { VimageError, kassert } from '../errors.ts';
import type { RestoreContext } from '../component/component.ts';
import type { Image } from '../image/image.ts';
import { InstanceRef } from '../image/slot.ts';
import type { Pair, Pairs } from '../pairs/pairs.ts';
import type { KernelState } from './state.ts';

/** Key of a sharer's saved pairs that says whose instance it is: serial and name of the maker. */
const ownerKey = 'vimage.owner';

/** What the registry keeps of a shared slot: the maker, then what the component needs to find the instance. */
export function savedShare(maker: Image, saved: Pairs): Pairs {
  return [[ownerKey, `${maker.serial} ${maker.name}`] satisfies Pair, ...saved];
}

/** Serial and name of the maker, where these are the saved pairs of a shared slot. */
export function makerOf(saved: Pairs): { readonly serial: bigint; readonly name: string } | undefined {
  const [key, value = ''] = saved[0] ?? [];
  if (key !== ownerKey) return undefined;
  const [serial = '', name = ''] = value.split(' ');
  if (!/^\d{1,20}$/.test(serial)) throw new VimageError('EBADMSG', `"${value}" names no maker of a shared instance`);
  return { serial: BigInt(serial), name };
}

/** The counted instance that image `serial` made for a component; made known on first sight. */
export function instanceRef(state: KernelState, component: number, serial: bigint, name: string): InstanceRef {
  const key = `${component}/${serial}`;
  const known = state.instances.get(key);
  if (known !== undefined) return known;
  const made = state.component(component);
  const ref = new InstanceRef(component, undefined, `${made.name} of ${name} (serial ${serial})`, (instance) => {
    state.instances.delete(key);
    if (instance !== undefined) made.forget?.(instance);
  });
  state.instances.set(key, ref);
  return ref;
}

/** What stands in a slot: img0's own, what this process made, or found again from what was saved. ESTALE, EBADMSG. */
export async function instanceAt(state: KernelState, image: Image, component: number): Promise<object> {
  const slot = image.slots[component];
  kassert(slot !== undefined, `image ${image.name} has no slot ${component}`);
  if (slot.instance !== undefined) return slot.instance;
  const made = state.component(component);
  const instance = slot.ref === state.tree.img0.slots[component]?.ref ? await made.root(state.substrate) : await restored(state, image, component);
  slot.ref.renew(instance);
  return instance;
}

async function restored(state: KernelState, image: Image, component: number): Promise<object> {
  const made = state.component(component);
  const slot = image.slots[component];
  kassert(slot !== undefined, `image ${image.name} has no slot ${component}`);
  const holder = slot.ref.maker ?? image;
  const saved = state.records.get(holder)?.saved.get(made.name) ?? state.records.get(image)?.saved.get(made.name);
  if (saved === undefined) {
    throw new VimageError('EBADMSG', `the registry does not say where the ${made.name} of "${holder.name}" is`, {
      subject: holder.name,
      hint: 'its entry is damaged: destroy the image and create it again',
    });
  }
  const maker = makerOf(saved);
  const serial = maker?.serial ?? holder.serial;
  const cx: RestoreContext = { image: { name: maker?.name ?? holder.name, serial, persist: holder.persist }, substrate: state.substrate };
  return made.restore(maker === undefined ? saved : saved.slice(1), cx);
}

/** Closes this process's descriptors of an instance, which would keep it alive. */
export function letGo(state: KernelState, ref: InstanceRef): void {
  const { instance } = ref;
  if (instance === undefined) return;
  ref.renew(undefined);
  state.component(ref.component).forget?.(instance);
}

/** Lets go of this process's descriptors of everything it restored or made; the machine keeps it all. */
export function forgetInstances(state: KernelState): void {
  const refs = [...state.instances.values(), ...state.tree.img0.slots.map(({ ref }) => ref)];
  for (const ref of refs) letGo(state, ref);
}
