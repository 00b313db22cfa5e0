import type { ImageInfo, SlotInfo, SlotKind } from '@vimage/core';
import { printable } from '../print/text.ts';

/** What stands in slots; several images may point at one. Texts are safe to print. */
export interface Instance {
  readonly id: string;
  readonly component: string;
  /** The image that made it; `img0` where that is outside of what one sees. */
  readonly owner: string;
  /** That image is no more. */
  readonly gone: boolean;
}

export interface GraphSlot {
  readonly kind: SlotKind;
  readonly instance: Instance;
}

export interface GraphImage {
  readonly id: string;
  readonly name: string;
  readonly state: ImageInfo['state'];
  readonly error: string | undefined;
  readonly slots: readonly GraphSlot[];
  readonly children: readonly GraphImage[];
}

/** The images, and what stands in their slots. `root`: the tops are children of the image in which imgctl runs. */
export interface Graph {
  readonly root: boolean;
  readonly tops: readonly GraphImage[];
}

/** Whether an instance is of the image in which imgctl runs, or of one around it. */
export function isOutside({ owner }: Instance): boolean {
  return owner === 'img0' || owner === '.';
}

/** `X of IMAGE`, and whether that is no more. */
export function instanceText({ component, owner, gone }: Instance): string {
  return `${component} of ${owner}${gone ? ' (gone)' : ''}`;
}

/** The picture of a list of images, or of one of them (by its name) and what is in it. */
export function graphOf(images: readonly ImageInfo[], below?: string): Graph {
  const there = images.filter(({ state }) => state !== 'dying');
  const names = new Set(there.map(({ name }) => name));
  const instances = new Map<string, Instance>();
  const slotOf = (image: ImageInfo, { component, kind, owner, gone }: SlotInfo): GraphSlot => {
    const maker = image.state === 'inside' && kind === 'share' ? nameInside(names, image.name, owner) : owner;
    const id = printable(`${component}@${maker}${gone === undefined ? '' : `#${gone}`}`);
    const instance = instances.get(id) ?? { id, component: printable(component), owner: printable(maker), gone: gone !== undefined };
    instances.set(id, instance);
    return { kind, instance };
  };
  const slots = new Map(images.map((image) => [image, image.slots.map((slot) => slotOf(image, slot))] as const));
  const ids = new Map<string, number>();
  const grow = (image: ImageInfo): GraphImage => {
    const { name, serial, state, error } = image;
    const removed = state === 'dying';
    const id = printable(removed ? `${name}#${serial}` : name);
    const times = (ids.get(id) ?? 0) + 1;
    ids.set(id, times);
    // What it made and others still share is all that is known of it.
    const left = [...instances.values()].filter((instance) => removed && instance.id.endsWith(`#${serial}`)).map((instance): GraphSlot => ({ kind: 'own', instance }));
    return {
      id: times === 1 ? id : `${id}#${times}`,
      name: printable(name),
      state,
      error: error === undefined ? undefined : printable(error),
      slots: [...(slots.get(image) ?? []), ...left],
      children: removed ? [] : there.filter((each) => each !== image && each.parent === name).map(grow),
    };
  };
  const tops = below === undefined ? images.filter(({ state, parent }) => state === 'dying' || !names.has(parent)) : there.filter(({ name }) => name === below);
  return { root: below === undefined, tops: tops.map(grow) };
}

/** The name from here of what is shared by an image that was made inside another, and that knows names from there only. */
function nameInside(names: ReadonlySet<string>, name: string, owner: string): string {
  for (let at = name.lastIndexOf('.'); at >= 0; at = name.lastIndexOf('.', at - 1)) {
    const full = `${name.slice(0, at)}.${owner}`;
    if (names.has(full)) return full;
    if (at === 0) break;
  }
  return owner;
}

/** All images of a picture, parents before children. */
export function imagesOf(images: readonly GraphImage[]): readonly GraphImage[] {
  return images.flatMap((image) => [image, ...imagesOf(image.children)]);
}
