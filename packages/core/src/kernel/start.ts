import { VimageError } from '../errors.ts';
import type { Image } from '../image/image.ts';
import type { Pairs } from '../pairs/pairs.ts';
import { createImage, type Created } from './create.ts';
import { destroyImage } from './destroy.ts';
import { draft } from './draft.ts';
import { beginnings, started, stopped, type Left } from './hooks.ts';
import type { KernelState } from './state.ts';
import { sync } from './sync.ts';

/**
 * Makes an image, and lets its components do what comes before and after, with no lock held meanwhile. What fails there leaves no image,
 * and tells so; what failed in the undoing is told in the error's hint.
 */
export async function startImage(state: KernelState, pairs: Pairs): Promise<Created> {
  const first = await begin(state, pairs);
  let created: Created;
  try {
    created = await createImage(state, pairs);
  } catch (error) {
    throw withNotes(error, await stopped(first));
  }
  try {
    await started(state, created.image);
  } catch (error) {
    throw withNotes(error, await discard(state, created.image));
  }
  return created;
}

async function begin(state: KernelState, pairs: Pairs): Promise<readonly Left[]> {
  if (state.components.every(({ starting }) => starting === undefined)) return [];
  const first = await state.mutex.run(async () => {
    await sync(state);
    return beginnings(state, draft(state, pairs));
  });
  for (const [at, { component, cx }] of first.entries()) {
    try {
      await component.starting?.(cx);
    } catch (error) {
      throw withNotes(error, await stopped(first.slice(0, at + 1)));
    }
  }
  return first;
}

async function discard(state: KernelState, image: Image): Promise<readonly string[]> {
  if (image.state === 'dying') return [];
  try {
    return (await destroyImage(state, state.tree.nameFrom(state.cimg, image), { grace: 0 })).notes;
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
