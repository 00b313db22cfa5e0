import { VimageError } from '../errors.ts';
import type { Image } from '../image/image.ts';
import type { Pairs } from '../pairs/pairs.ts';
import { sections } from '../pairs/sections.ts';
import { whole } from './implied.ts';
import type { KernelState } from './state.ts';

/** The first component that an image has, said or brought along, and that is not installed here. */
export function unknownIn(state: KernelState, pairs: Pairs): string | undefined {
  return sections(whole(state, pairs)).sections.find(({ component }) => !state.tables.components.has(component))?.component;
}

/** EOPNOTSUPP: an image has a component that is not installed here, and `then` cannot be done rightly. */
export function checkKnown(state: KernelState, image: Image, then: string): void {
  const component = unknownIn(state, image.pairs);
  if (component === undefined) return;
  throw new VimageError('EOPNOTSUPP', `image "${image.name}" has a component "${component}" that is not installed here`, {
    subject: component,
    hint: `install the package of "${component}", then ${then}`,
  });
}

/** The same of an image and those around it: what they are to those inside, or to those who share of them, would be missing without a word. */
export function checkAround(state: KernelState, image: Image): void {
  for (let each: Image | undefined = image; each?.parent !== undefined; each = each.parent) checkKnown(state, each, 'try again');
}
