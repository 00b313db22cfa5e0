import { VimageError, kassert } from '../errors.ts';
import type { Image } from './image.ts';

/**
 * A restriction and its order. The value that restricts wins:
 * - `and`: true permits and false forbids; false wins. A flag that restricts by being *true* is declared by its opposite.
 * - `min`: a limit; the smaller wins.
 * - `subset`: what is permitted; only what all permit is. An empty list permits nothing.
 *
 * Where nothing was asked nothing is restricted.
 */
export type Restriction =
  | { readonly order: 'and'; readonly value: boolean }
  | { readonly order: 'min'; readonly value: number }
  | { readonly order: 'subset'; readonly value: readonly string[] };

/** A restriction as one image asks for it. `component` is '' for the image's own parameters. */
export interface Asked {
  readonly component: string;
  readonly key: string;
  readonly restriction: Restriction;
  /** The value as a user would write it. */
  readonly text?: string;
  /** By a default, not by anybody: it counts in what holds, and is never refused. */
  readonly implied?: boolean;
}

/** What holds where both hold. */
export function meet(a: Restriction, b: Restriction): Restriction {
  if (a.order === 'and' && b.order === 'and') return { order: 'and', value: a.value && b.value };
  if (a.order === 'min' && b.order === 'min') return { order: 'min', value: Math.min(a.value, b.value) };
  kassert(a.order === 'subset' && b.order === 'subset', `restrictions of two orders met: ${a.order}, ${b.order}`);
  const other = new Set(b.value);
  return { order: 'subset', value: [...new Set(a.value)].filter((item) => other.has(item)) };
}

/** Whether `a` permits nothing that `b` forbids. */
export function atMost(a: Restriction, b: Restriction): boolean {
  if (a.order === 'and' && b.order === 'and') return b.value || !a.value;
  if (a.order === 'min' && b.order === 'min') return a.value <= b.value;
  kassert(a.order === 'subset' && b.order === 'subset', `restrictions of two orders compared: ${a.order}, ${b.order}`);
  const other = new Set(b.value);
  return a.value.every((item) => other.has(item));
}

/** What the image itself asked; undefined where it asked nothing. */
export function askedOf(image: Image, component: string, key: string): Restriction | undefined {
  return image.asked.get(component)?.get(key)?.restriction;
}

/** What holds in the image: the meet of what was asked, from here up to img0. Undefined: unrestricted. */
export function holding(image: Image, component: string, key: string): Restriction | undefined {
  let held: Restriction | undefined;
  for (let up: Image | undefined = image; up !== undefined; up = up.parent) {
    const asked = askedOf(up, component, key);
    if (asked !== undefined) held = held === undefined ? asked : meet(held, asked);
  }
  return held;
}

/** What holds in all of these images together. */
export function holdingFor(images: readonly (Image | undefined)[], component: string, key: string): Restriction | undefined {
  return images
    .map((image) => (image === undefined ? undefined : holding(image, component, key)))
    .reduce((a, b) => (a === undefined || b === undefined ? a ?? b : meet(a, b)), undefined);
}

/**
 * Refuses what permits more than the images above do: EPERM names the parameter and the nearest image that forbids it, if
 * `visible` says that the caller may know it. Asking again for `before` is no change and always passes, so that bringing the
 * same file up again works after a parent was tightened.
 */
export function checkAsked(parent: Image | undefined, asked: Asked, visible: (image: Image) => boolean = () => true, before?: Restriction): void {
  const { component, key, restriction } = asked;
  if (asked.implied === true) return;
  if (before !== undefined && atMost(restriction, before) && atMost(before, restriction)) return;
  for (let up = parent; up !== undefined; up = up.parent) {
    const limit = up.asked.get(component)?.get(key);
    if (limit === undefined || atMost(restriction, limit.restriction)) continue;
    const name = component === '' ? key : `${component}.${key}`;
    const [who, hint] = visible(up)
      ? [`image "${up.name}" does: it has ${shown(limit)}`, `ask for no more than that, or change ${name} of "${up.name}" first`]
      : ['an image around yours does', 'ask for less'];
    throw new VimageError('EPERM', `${name} ${shown(asked)} permits more than ${who}`, { subject: name, hint });
  }
}

/** Changes what a living image asks: checked, then stored. EPERM as {@link checkAsked}. */
export function ask(image: Image, asked: Asked, visible?: (image: Image) => boolean): void {
  checkAsked(image.parent, asked, visible, askedOf(image, asked.component, asked.key));
  setAsked(image, asked);
}

/** Stores what an image asks, unchecked. */
export function setAsked(image: Image, asked: Asked): void {
  const keys = image.asked.get(asked.component) ?? new Map<string, Asked>();
  image.asked.set(asked.component, keys.set(asked.key, asked));
}

/** Stores all that an image asks, in place of what it asked; unchecked. */
export function replaceAsked(image: Image, all: readonly Asked[]): void {
  image.asked.clear();
  for (const asked of all) setAsked(image, asked);
}

/** The image asks nothing more here; what is above it still holds. */
export function clearAsked(image: Image, component: string, key: string): void {
  image.asked.get(component)?.delete(key);
}

function shown({ restriction: { value }, text }: Asked): string {
  return typeof value === 'object' ? `"${value.join(',')}"` : (text ?? String(value));
}
