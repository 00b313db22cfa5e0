import type { AnyComponent, RunContext } from '../component/component.ts';
import { VimageError } from '../errors.ts';
import type { Image } from '../image/image.ts';
import type { Hold } from '../substrate.ts';
import { damagedAt } from './damaged.ts';
import { visible, type Draft } from './draft.ts';
import { readWhole } from './implied.ts';
import { instanceAt } from './instance.ts';
import { checkKnown } from './known.ts';
import { viewOf, type KernelState } from './state.ts';
import { sync } from './sync.ts';

/** A component's part in the end of an image, which is still to come when the image is gone. */
export interface Left {
  readonly component: AnyComponent;
  readonly cx: RunContext<string>;
}

/** How far the stopping of an image, and of those inside, has come. */
export interface Stops {
  /** Serial of the image that is to be removed, once it is known. */
  top: bigint | undefined;
  /** Serials of those whose components have done what comes before. */
  readonly asked: Set<bigint>;
  readonly notes: string[];
  readonly left: Left[];
}

const hooks = ['starting', 'started', 'stopping', 'stopped'] as const;

/** Whether a component has anything to do before or after an image. */
export function isHooked(component: AnyComponent): boolean {
  return hooks.some((hook) => component[hook] !== undefined);
}

/** Components with something to do that an image has an instance of its own of, in dependency order. */
function hooked(state: KernelState, image: Image): readonly number[] {
  return image.slots.flatMap((slot) => (slot.kind === 'own' && isHooked(state.component(slot.component)) ? [slot.component] : []));
}

function around(state: KernelState, parent: Image | undefined, hold: Hold): Pick<RunContext<string>, 'substrate' | 'around' | 'environment'> {
  return {
    substrate: state.substrate,
    around: parent === undefined || parent === state.cimg || parent.parent === undefined ? undefined : state.record(parent),
    environment: (program) => hold.environment(program),
  };
}

/** What `starting` of each component of a draft is called with. */
export function beginnings(state: KernelState, made: Draft, hold: Hold): readonly Left[] {
  return made.slots.flatMap(({ component: number, share, values }): Left[] => {
    const component = state.component(number);
    if (share !== undefined || component.starting === undefined) return [];
    return [{ component, cx: { image: { name: made.name, serial: -1n, persist: made.persist }, values, ...around(state, made.parent, hold) } }];
  });
}

/** What a component is called with for an image that there is. */
function contextOf(state: KernelState, image: Image, component: AnyComponent, hold: Hold): RunContext<string> {
  return { image: viewOf(image), values: readWhole(state, image.pairs).values(component.name), ...around(state, image.parent, hold) };
}

/** Calls `started` of each component of an image that has just been made. */
export async function started(state: KernelState, image: Image, hold: Hold): Promise<void> {
  for (const number of hooked(state, image)) {
    const component = state.component(number);
    if (component.started === undefined) continue;
    const instance = await state.mutex.run(() => instanceAt(state, image, number));
    await component.started(instance, { ...contextOf(state, image, component, hold), inside: state.record(image) });
  }
}

/** Those of an image and those inside, innermost first, whose components have yet to be told that they go. */
export function unasked(state: KernelState, image: Image, { asked }: Stops): readonly Image[] {
  if (!state.hooks) return [];
  return state.tree.subtreeBottomUp(image).filter((each) => each.state === 'live' && !asked.has(each.serial) && hooked(state, each).length > 0);
}

/**
 * Calls `stopping` of each component of an image and of those inside, innermost first, and tells what is left to do once they are gone. Their names are held from
 * then on, in order, waiting for who has one: what was removed meanwhile is ESRCH. What cannot be asked any more, as an instance that is lost, is no reason to stay.
 */
export async function stopping(state: KernelState, name: string, hold: Hold, stops: Stops): Promise<void> {
  if (!state.hooks) return;
  const look = (): Promise<{ readonly full: string; readonly images: readonly Image[] }> => state.mutex.run(async () => {
    await sync(state);
    if (damagedAt(state, name) !== undefined) return { full: name, images: [] };
    const image = visible(state, name);
    if (stops.top !== undefined && stops.top !== image.serial) throw new VimageError('ESRCH', `image "${name}" has been removed meanwhile, and another has its name`, { subject: name });
    stops.top = image.serial;
    // Who may not remove it is told so before anything stops, and who cannot.
    for (const each of state.tree.subtreeBottomUp(image)) if (each !== state.tree.img0) checkKnown(state, each, 'destroy the image');
    return { full: image.name, images: image === state.cimg ? [] : unasked(state, image, stops) };
  });
  const { full, images } = await look();
  if (images.length === 0) return;
  // That of the outermost too: of two who remove one inside the other, one waits for the other before he holds any.
  for (const each of [...new Set([full, ...images.map((image) => image.name)])].sort()) await hold.take(each, true);
  for (const image of (await look()).images) if (hold.has(image.name)) await stopOne(state, image, hold, stops);
}

async function stopOne(state: KernelState, image: Image, hold: Hold, stops: Stops): Promise<void> {
  stops.asked.add(image.serial);
  for (const number of [...hooked(state, image)].reverse()) {
    const component = state.component(number);
    const cx = contextOf(state, image, component, hold);
    stops.left.push({ component, cx });
    try {
      const instance = await state.mutex.run(() => instanceAt(state, image, number));
      stops.notes.push(...(await component.stopping?.(instance, { ...cx, inside: state.record(image) }) ?? []));
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      stops.notes.push(`${component.name} of ${image.name}: ${error.message}`);
    }
  }
}

/** Calls `stopped`, for images that are gone. */
export async function stopped(left: readonly Left[]): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const { component, cx } of left) notes.push(...(await component.stopped?.(cx) ?? []));
  return notes;
}
