import { VimageError, kassert } from '../errors.ts';
import type { AnyComponent, CreateContext } from '../component/component.ts';
import type { Image } from '../image/image.ts';
import { holdingFor, type Restriction } from '../image/lattice.ts';
import type { InstanceRef, SlotAsk } from '../image/slot.ts';
import { Scope } from '../scope.ts';
import type { PlanStep, Stage, StoredImage } from '../substrate.ts';
import type { Pairs } from '../pairs/pairs.ts';
import { type Draft, type DraftSlot, checkContext, draft, visible } from './draft.ts';
import { instanceAt, instanceRef, savedShare } from './instance.ts';
import { checkAround } from './known.ts';
import { viewOf, type KernelState } from './state.ts';
import { sync } from './sync.ts';

/**
 * parse → check all → create in order on one undo scope → publish last. Whatever fails undoes everything, newest first, and
 * nobody ever saw the half-made image. `starting`: something is to be done yet before it has started.
 */
export function createImage(state: KernelState, pairs: Pairs, starting = false): Promise<Created> {
  return state.locked(async () => {
    await sync(state);
    return build(state, draft(state, pairs), starting);
  });
}

/** A new image, and what is not as it was asked. */
export interface Created {
  readonly image: Image;
  readonly notes: readonly string[];
}

async function build(state: KernelState, made: Draft, starting: boolean): Promise<Created> {
  const scope = new Scope();
  const notes: string[] = [];
  try {
    const serial = state.substrate.serial();
    const stage = await state.substrate.stage({ name: made.name, serial, persist: made.persist }, false);
    scope.defer(() => stage.abort());
    const asks = new Map<number, SlotAsk>();
    for (const slot of made.slots) asks.set(slot.component, await fill(state, { made, slot, serial, stage, scope, asks, notes }));
    const image = state.tree.add({
      parent: made.parent, name: made.segment, serial, persist: made.persist, childrenMax: made.childrenMax, pairs: made.pairs, slots: asks, asked: made.asked,
    });
    scope.defer(() => void state.tree.remove(image));
    const record: StoredImage = { ...(await recordOf(state, image)), ...(starting ? { starting } : {}) };
    await stage.publish(record, await planSteps(state, image, stage.home));
    scope.move();
    state.records.set(image, record);
    if (!image.persist) state.owned.add(serial);
    await stage.release();
    return { image, notes };
  } catch (error) {
    await undo(scope, error);
    throw error;
  }
}

interface Filling {
  readonly made: Draft;
  readonly slot: DraftSlot;
  readonly serial: bigint;
  readonly stage: Stage;
  readonly scope: Scope;
  readonly asks: ReadonlyMap<number, SlotAsk>;
  readonly notes: string[];
}

async function fill(state: KernelState, filling: Filling): Promise<SlotAsk> {
  const { made, slot, serial, scope } = filling;
  if (slot.share !== undefined) {
    await instanceAt(state, slot.share, slot.component);
    return { kind: 'share', from: slot.share };
  }
  const component = state.component(slot.component);
  const instance = await component.create(await createContext(state, filling));
  const ref = instanceRef(state, slot.component, serial, made.name);
  ref.renew(instance);
  scope.defer(() => {
    state.instances.delete(`${slot.component}/${serial}`);
    component.forget?.(instance);
  });
  return { kind: 'own', instance: ref };
}

async function createContext(state: KernelState, filling: Filling): Promise<CreateContext<string>> {
  const { made, slot, serial, stage, scope, asks, notes } = filling;
  const slotOf: CreateContext<string>['slot'] = async (name) => {
    const number = state.tree.component(name);
    const ask = asks.get(number);
    if (ask === undefined) return instanceAt(state, made.parent, number);
    if (ask.kind === 'share' && 'from' in ask) return instanceAt(state, ask.from, number);
    const own: InstanceRef | undefined = 'instance' in ask ? ask.instance : undefined;
    kassert(own?.instance !== undefined, `${name} is created before what requires it`);
    return own.instance;
  };
  return {
    ...checkContext(state, made, slot, serial),
    substrate: state.substrate,
    stage,
    scope,
    note: (text) => void notes.push(text),
    parent: await instanceAt(state, made.parent, slot.component),
    peer: (name) => instanceAt(state, visible(state, name), slot.component),
    slot: slotOf,
    peek: async (name) => (state.tables.components.has(name) ? slotOf(name) : undefined),
  };
}

/** What the registry keeps of an image as it stands in the tree. */
export async function recordOf(state: KernelState, image: Image): Promise<StoredImage> {
  const saved = new Map<string, Pairs>();
  for (const slot of image.slots) {
    if (slot.kind === 'inherit') continue;
    const component = state.component(slot.component);
    const pairs = component.save(await instanceAt(state, image, slot.component));
    saved.set(component.name, slot.kind === 'own' ? pairs : savedShare(slot.owner, pairs));
  }
  return {
    name: image.name, serial: image.serial, address: image.address, persist: image.persist, state: image.state, pairs: image.pairs, saved,
    ...(state.records.get(image)?.starting === true ? { starting: true } : {}),
  };
}

/** How to enter an image: what each slot that is not img0's (of those components only) needs, in dependency order. EOPNOTSUPP: a part of that is not known here. */
export async function planSteps(state: KernelState, image: Image, home: string, only?: readonly number[]): Promise<readonly PlanStep[]> {
  checkAround(state, image);
  const steps: PlanStep[] = [];
  for (const slot of image.slots) {
    if (only?.includes(slot.component) === false || slot.ref === state.tree.img0.slots[slot.component]?.ref) continue;
    const component = state.component(slot.component);
    const instance = await instanceAt(state, image, slot.component);
    const owner = slot.ref.maker ?? slot.owner;
    const where = owner === image ? home : state.substrate.home(owner);
    if (slot.kind === 'share' && (slot.ref.maker?.state ?? 'dying') === 'dying' && restricts(component)) throw lostMaker(image, component.name);
    const held = (key: string): Restriction | undefined => holdingFor([image, slot.ref.maker], component.name, key);
    for (const step of component.entry(instance, { image: viewOf(image), home: where, delegated: image.subnets.max > 0, held })) steps.push({ ...step, component: component.name });
  }
  return steps;
}

/** Whether a component has parameters that restrict. */
export function restricts(component: AnyComponent): boolean {
  return Object.values(component.params).some(({ order }) => order !== undefined);
}

/** What the maker and those around it forbade went with them: a plan made now would permit more. */
function lostMaker(image: Image, component: string): VimageError {
  return new VimageError('ESTALE', `"${image.name}" shares the ${component} of an image that is gone, and with it is what that forbade: it cannot be changed`, {
    subject: image.name, hint: `destroy it, and create it again with its own "vir ${component}"`,
  });
}

/** Closes a scope after `error`; what fails in the undoing is added to the error's cause, never shown instead of it. */
export async function undo(scope: Scope, error: unknown): Promise<void> {
  try {
    await scope.close();
  } catch (failure) {
    if (error instanceof Error && error.cause === undefined) error.cause = failure;
  }
}
