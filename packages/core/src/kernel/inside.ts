import { VimageError, codeOf } from '../errors.ts';
import { flagWord } from '../param/basic.ts';
import type { Pairs } from '../pairs/pairs.ts';
import { sections } from '../pairs/sections.ts';
import { rowOf, saidSlots } from './row.ts';
import type { KernelState } from './state.ts';
import type { ImageInfo } from './types.ts';

/** Images that were made inside those of this kernel, by who lives there, and are of another registry: theirs. */
export function insideImages(state: KernelState): readonly ImageInfo[] {
  return rows(state).map(({ info }) => info);
}

/** Each with the name of the one that keeps it: '' for the one this process lives in. */
function rows(state: KernelState): readonly { readonly outer: string; readonly info: ImageInfo }[] {
  return state.tree.subtreeBottomUp(state.cimg).filter((image) => image !== state.tree.img0 && image.state === 'live' && image.subnets.max > 0).flatMap((image) => {
    const outer = image === state.cimg ? '' : state.tree.nameFrom(state.cimg, image);
    // One that was made from outside has the name.
    const given = (state.substrate.inside?.(state.record(image)) ?? []).filter(({ name }) => !image.children.has(name.split('.', 1)[0] ?? ''));
    return given.map(({ name, pairs }) => ({ outer, info: infoOf(outer === '' ? name : `${outer}.${name}`, pairs) }));
  });
}

function infoOf(name: string, pairs: Pairs): ImageInfo {
  const split = sections(pairs);
  const persist = split.image.find(([key]) => key === 'persist')?.[1];
  return {
    ...rowOf(name, ''),
    state: 'inside',
    persist: persist !== undefined && flagWord(persist) === true,
    address: '',
    slots: saidSlots(split.sections, name),
  };
}

/** Runs `fn`, which looks for an image of that name. ESRCH for one that was made inside another tells who can do that. */
export async function orInside<T>(state: KernelState, name: string, fn: () => T | Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
    const outer = outerOf(state, name);
    if (outer === undefined) throw error;
    const rest = name.slice(outer.length + 1);
    throw new VimageError('EOPNOTSUPP', `"${name}" was made inside "${outer}", which keeps it: that is done from there`, {
      subject: name, hint: `imgctl exec ${outer} -- imgctl ... ${rest}`, cause: error,
    });
  }
}

/** The image inside of which one was made; undefined where there is none such. */
export function outerOf(state: KernelState, name: string): string | undefined {
  const outer = rows(state).find(({ info }) => info.name === name)?.outer;
  return outer === '' ? undefined : outer;
}
