import { kassert } from '../errors.ts';
import { isInside } from '../image/address.ts';
import type { Image } from '../image/image.ts';
import type { Scope } from '../scope.ts';
import type { StoredImage, Stage } from '../substrate.ts';
import { planSteps, recordOf, restricts } from './create.ts';
import { viewOf, type KernelState } from './state.ts';

/** Another image, whose plan depends on what is changed in one. */
export interface Dependent {
  readonly image: Image;
  readonly components: readonly number[];
  /** What its plan said of those components before. */
  readonly before: string;
}

/**
 * Images whose plan a change of these components of `image` can reach: those that have the same instance, and, where the component restricts,
 * those inside the image and those that share from one inside. Innermost first.
 */
export async function dependentsOf(state: KernelState, image: Image, changed: readonly number[]): Promise<readonly Dependent[]> {
  const found: Dependent[] = [];
  for (const other of state.tree.subtreeBottomUp(state.tree.img0)) {
    if (other === image || other === state.tree.img0 || other.state !== 'live') continue;
    const components = changed.filter((number) => depends(state, other, image, number));
    if (components.length > 0) found.push({ image: other, components, before: await stepsText(state, other, components) });
  }
  return found;
}

function depends(state: KernelState, other: Image, image: Image, number: number): boolean {
  const [slot, own] = [other.slots[number], image.slots[number]];
  kassert(slot !== undefined && own !== undefined, `no slot ${number}`);
  if (slot.ref === own.ref) return true;
  if (!restricts(state.component(number))) return false;
  const { maker } = slot.ref;
  return isInside(other, image) || (maker !== undefined && isInside(maker, image));
}

async function stepsText(state: KernelState, image: Image, components: readonly number[]): Promise<string> {
  return JSON.stringify(await planSteps(state, image, state.substrate.home(image), components));
}

/** An image whose new plan is published. */
export interface Reached {
  readonly image: Image;
  readonly record: StoredImage;
  readonly stage: Stage;
}

/** Publishes the plans that have become others. Whoever fails halfway has published what restricts no less: the change itself comes after. EBUSY. */
export async function reach(state: KernelState, dependents: readonly Dependent[], scope: Scope): Promise<readonly Reached[]> {
  const work: Reached[] = [];
  for (const { image, components, before } of dependents) {
    if (await stepsText(state, image, components) === before) continue;
    const stage = await state.substrate.stage(viewOf(image), true);
    scope.defer(() => stage.abort());
    work.push({ image, record: await recordOf(state, image), stage });
  }
  for (const { image, record, stage } of work) await stage.publish(record, await planSteps(state, image, stage.home));
  return work;
}
