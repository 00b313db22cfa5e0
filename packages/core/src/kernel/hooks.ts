import type { AnyComponent, RunContext } from '../component/component.ts';
import { VimageError } from '../errors.ts';
import type { Image } from '../image/image.ts';
import type { ParamTable, ParamValues } from '../param/param.ts';
import { parseImage } from '../pairs/parse.ts';
import { damagedAt } from './damaged.ts';
import type { Draft } from './draft.ts';
import { visible } from './draft.ts';
import { whole } from './implied.ts';
import { instanceAt } from './instance.ts';
import { viewOf, type KernelState } from './state.ts';
import { sync } from './sync.ts';

/** A component's part in the end of an image, which is still to come when the image is gone. */
export interface Left {
  readonly component: AnyComponent;
  readonly cx: RunContext<string>;
}

type Hook = 'starting' | 'started' | 'stopping' | 'stopped';

/** Components of an image that have one of these methods and an instance of their own, in dependency order. */
function hooked(state: KernelState, image: Image, hooks: readonly Hook[]): readonly number[] {
  return image.slots.flatMap((slot) => (slot.kind === 'own' && hooks.some((hook) => state.component(slot.component)[hook] !== undefined) ? [slot.component] : []));
}

function around(state: KernelState, parent: Image | undefined): Pick<RunContext<string>, 'substrate' | 'around'> {
  return { substrate: state.substrate, around: parent === undefined || parent === state.cimg || parent.parent === undefined ? undefined : state.record(parent) };
}

/** What `starting` of each component of a draft is called with; empty where none has one. */
export function beginnings(state: KernelState, made: Draft): readonly Left[] {
  return made.slots.flatMap(({ component: number, share, values }): Left[] => {
    const component = state.component(number);
    if (share !== undefined || component.starting === undefined) return [];
    return [{ component, cx: { image: { name: made.name, serial: -1n, persist: made.persist }, values, ...around(state, made.parent) } }];
  });
}

function valuesOf(state: KernelState, image: Image, component: AnyComponent): ParamValues<ParamTable> {
  return parseImage(whole(state, image.pairs), state.tables, { access: 'show' }).sections.get(component.name)?.values ?? {};
}

/** Calls `started` of each component of an image that has just been made. */
export async function started(state: KernelState, image: Image): Promise<void> {
  for (const number of hooked(state, image, ['started'])) {
    const component = state.component(number);
    const instance = await state.mutex.run(() => instanceAt(state, image, number));
    await component.started?.(instance, { image: viewOf(image), values: valuesOf(state, image, component), ...around(state, image.parent), inside: state.record(image) });
  }
}

/**
 * Calls `stopping` of each component of an image and of those inside, innermost first, and tells what is left to do once they are gone.
 * What cannot be asked any more, as an instance that is lost, is no reason to stay.
 */
export async function stopping(state: KernelState, name: string): Promise<{ readonly notes: readonly string[]; readonly left: readonly Left[] }> {
  if (state.components.every((component) => component.stopping === undefined && component.stopped === undefined)) return { notes: [], left: [] };
  const images = await state.mutex.run(async () => {
    await sync(state);
    if (damagedAt(state, name) !== undefined) return [];
    const image = visible(state, name);
    // Who may not remove it is told so before anything stops.
    return image === state.cimg ? [] : state.tree.subtreeBottomUp(image).filter(({ state: now }) => now === 'live');
  });
  const notes: string[] = [];
  const left: Left[] = [];
  for (const image of images) {
    for (const number of [...hooked(state, image, ['stopping', 'stopped'])].reverse()) {
      const component = state.component(number);
      const cx = { image: viewOf(image), values: valuesOf(state, image, component), ...around(state, image.parent) };
      left.push({ component, cx });
      try {
        const instance = await state.mutex.run(() => instanceAt(state, image, number));
        notes.push(...(await component.stopping?.(instance, { ...cx, inside: state.record(image) }) ?? []));
      } catch (error) {
        if (!(error instanceof VimageError)) throw error;
        notes.push(`${component.name} of ${image.name}: ${error.message}`);
      }
    }
  }
  return { notes, left };
}

/** Calls `stopped`, for images that are gone. */
export async function stopped(left: readonly Left[]): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const { component, cx } of left) notes.push(...(await component.stopped?.(cx) ?? []));
  return notes;
}
