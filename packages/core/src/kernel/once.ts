import { VimageError } from '../errors.ts';
import type { OnceContext } from '../component/component.ts';
import type { Pairs } from '../pairs/pairs.ts';
import { sections } from '../pairs/sections.ts';
import type { ChildOf, PlanStep, SpawnRequest } from '../substrate.ts';
import { destroyImage } from './destroy.ts';
import { checkContext, draft, type Draft } from './draft.ts';
import { isHooked } from './hooks.ts';
import { instanceAt } from './instance.ts';
import { askedFor } from './restrict.ts';
import { startImage } from './start.ts';
import type { KernelState } from './state.ts';
import { sync } from './sync.ts';

/** An image for one command. */
export interface Once {
  /** The command. */
  readonly child: ChildOf;
  /** Resolves, when the command has ended, once nothing is left of the image; what its end had to say, one line each. */
  readonly gone: Promise<readonly string[]>;
}

/**
 * Starts a command in an image that ends with it. Where every part of it can be made by the command's own process (no address, no name, nothing
 * that others enter), there is never anything to remove; else it is an image as any other until then. EOPNOTSUPP: the substrate starts nothing.
 */
export async function startOnce(state: KernelState, pairs: Pairs, request: SpawnRequest): Promise<Once> {
  const ended = state.substrate.ended?.bind(state.substrate);
  if (ended === undefined) throw new VimageError('EOPNOTSUPP', `the substrate "${state.substrate.name}" starts no programs`);
  const named = withName(pairs);
  const steps = await state.mutex.run(async () => {
    state.checkOpen();
    await sync(state);
    return onceSteps(state, draft(state, named));
  });
  if (steps !== undefined && state.substrate.once !== undefined) {
    const child = state.substrate.once(steps, request);
    return { child, gone: ended(child).then(() => []) };
  }
  const { image, notes } = await startImage(state, named);
  const name = state.tree.nameFrom(state.cimg, image);
  const remove = async (): Promise<readonly string[]> => [...notes, ...(image.state === 'live' ? (await destroyImage(state, name, { grace: 0 })).notes : [])];
  let child: ChildOf;
  try {
    child = state.substrate.spawn(state.record(image), request);
  } catch (error) {
    await remove();
    throw error;
  }
  return { child, gone: ended(child).then(remove) };
}

function withName(pairs: Pairs): Pairs {
  const { image } = sections(pairs);
  const key = (name: string): boolean => image.some(([each]) => each === name);
  if (key('persist')) throw new VimageError('EINVAL', 'an image for one command ends with it', { subject: 'persist', hint: 'create one, and spawn in it' });
  return key('name') ? pairs : [['name', `once-${Math.floor(Math.random() * 2 ** 48).toString(36)}`], ...pairs];
}

/** All that its process does; undefined where a part of it has to be there beforehand. */
async function onceSteps(state: KernelState, made: Draft): Promise<readonly PlanStep[] | undefined> {
  const { tree } = state;
  if (made.parent !== tree.img0 || made.childrenMax > 0) return undefined;
  const steps: PlanStep[] = [];
  const instances = new Map<string, object>();
  for (const slot of made.slots) {
    const component = state.component(slot.component);
    const { name } = component;
    if (slot.share !== undefined || component.once === undefined || isHooked(component)) return undefined;
    const cx: OnceContext<string> = {
      ...checkContext(state, made, slot, -1n),
      substrate: state.substrate,
      parent: await instanceAt(state, tree.img0, slot.component),
      held: (key) => askedFor(made.asked, name, key),
      peek: (other) => instances.get(other),
    };
    const done = await component.once(cx);
    if (done === undefined) return undefined;
    if (done.instance !== undefined) instances.set(name, done.instance);
    for (const step of done.steps) steps.push({ ...step, component: name });
  }
  return steps;
}
