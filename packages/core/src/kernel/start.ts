import { VimageError } from '../errors.ts';
import type { Image } from '../image/image.ts';
import type { Pairs } from '../pairs/pairs.ts';
import { sections } from '../pairs/sections.ts';
import type { Hold } from '../substrate.ts';
import { createImage, type Created } from './create.ts';
import { destroyHeld } from './destroy.ts';
import { draft } from './draft.ts';
import { beginnings, isHooked, started, stopped, type Left } from './hooks.ts';
import type { KernelState } from './state.ts';
import { sync } from './sync.ts';

/**
 * Makes an image, and lets its components do what comes before and after, with no lock held meanwhile but that of its name. What fails there leaves no image,
 * and tells so; what failed in the undoing is told in the error's hint.
 */
export async function startImage(state: KernelState, pairs: Pairs): Promise<Created> {
  using hold = state.substrate.hold();
  return await startHeld(state, pairs, hold);
}

/** The same, for who may hold the name already. */
export async function startHeld(state: KernelState, pairs: Pairs, hold: Hold): Promise<Created> {
  const first = await begin(state, pairs, hold);
  let created: Created;
  try {
    created = await createImage(state, pairs, first !== undefined);
  } catch (error) {
    throw withNotes(error, await stopped(first ?? []));
  }
  if (first === undefined) return created;
  try {
    await started(state, created.image, hold);
  } catch (error) {
    throw withNotes(error, await discard(state, created.image, hold));
  }
  await finish(state, created.image);
  return created;
}

/** Undefined where no component has anything to do before or after. EEXIST, EDEADLK: somebody else makes or removes an image of that name. */
async function begin(state: KernelState, pairs: Pairs, hold: Hold): Promise<readonly Left[] | undefined> {
  if (!mayBegin(state, pairs)) return undefined;
  const first = await state.mutex.run(async () => {
    state.checkOpen();
    await sync(state);
    const made = draft(state, pairs);
    if (!made.slots.some(({ component, share }) => share === undefined && isHooked(state.component(component)))) return undefined;
    if (!(await hold.take(made.name, false))) throw beingMade(made.name);
    // Whoever had the name before may have made it.
    await sync(state);
    return beginnings(state, draft(state, pairs), hold);
  });
  for (const [at, { component, cx }] of (first ?? []).entries()) {
    try {
      await component.starting?.(cx);
    } catch (error) {
      throw withNotes(error, await stopped((first ?? []).slice(0, at + 1)));
    }
  }
  return first;
}

/** Whether a section's component has something to do before or after, or may bring along one that has. */
function mayBegin({ components, hooks }: KernelState, pairs: Pairs): boolean {
  if (!hooks) return false;
  const given = new Set(sections(pairs).sections.map(({ component }) => component));
  return components.some((component) => given.has(component.name) && (isHooked(component) || component.implied !== undefined));
}

function beingMade(name: string): VimageError {
  return new VimageError('EEXIST', `an image "${name}" is being made or removed by another process`, { subject: name, hint: 'imgctl ls shows when it is there; of one that is removed, try again' });
}

async function finish(state: KernelState, image: Image): Promise<void> {
  await state.locked(async () => {
    await sync(state);
    if (image.state !== 'live') return;
    const record = state.record(image);
    await state.substrate.started(record);
    state.records.set(image, { ...record, starting: false });
  });
}

async function discard(state: KernelState, image: Image, hold: Hold): Promise<readonly string[]> {
  if (image.state === 'dying') return [];
  try {
    return (await destroyHeld(state, state.tree.nameFrom(state.cimg, image), { grace: 0 }, hold)).notes;
  } catch (error) {
    if (!(error instanceof VimageError)) throw error;
    return [error.message];
  }
}

function withNotes(error: unknown, notes: readonly string[]): unknown {
  if (!(error instanceof VimageError) || notes.length === 0) return error;
  const { code, message, subject, hint } = error;
  return new VimageError(code, message, { ...(subject === undefined ? {} : { subject }), hint: [...(hint === undefined ? [] : [hint]), ...notes].join('\n'), cause: error });
}
