import { VimageError, kassert } from '../errors.ts';
import { RefCount } from '../ref/refcount.ts';
import type { Image } from './image.ts';

/** How an image came by what stands in a slot. */
export type SlotKind = 'own' | 'inherit' | 'share';

/**
 * What an image asks for a slot. A component that is not asked for is inherited. `share` names a visible image, or, when the
 * maker is gone already, the instance itself.
 */
export type SlotAsk =
  | { readonly kind: 'own'; readonly instance: InstanceRef }
  | { readonly kind: 'inherit' }
  | { readonly kind: 'share'; readonly from: Image }
  | { readonly kind: 'share'; readonly instance: InstanceRef };

/** The field of an image that holds what stands in a component's slot. */
export type SlotField = `v_${string}`;

export function slotField(component: string): SlotField {
  return `v_${component}`;
}

/** How one image's place for one component was filled. */
export class Slot {
  /** The component's number, given at boot. */
  readonly component: number;
  readonly field: SlotField;
  readonly kind: SlotKind;
  /** The image that made the instance (or, loaded after its death, the one that shares it). Not a reference. */
  readonly owner: Image;
  readonly ref: InstanceRef;

  constructor(component: number, name: string, kind: SlotKind, owner: Image, ref: InstanceRef) {
    this.component = component;
    this.field = slotField(name);
    this.kind = kind;
    this.owner = owner;
    this.ref = ref;
  }

  /** The same as the image's field. */
  get instance(): object | undefined {
    return this.ref.instance;
  }
}

/**
 * A component's instance, counted: each slot that points at it holds one reference, and whoever keeps it otherwise too.
 * Before its first slot it belongs to the scope it was made on.
 */
export class InstanceRef {
  readonly component: number;
  readonly refs: RefCount;
  readonly #slots = new Map<Slot, Image>();
  #instance: object | undefined;
  #maker: Image | undefined;

  /** `gone` is told once, at the last free, with the instance as it then is. */
  constructor(component: number, instance: object | undefined, what: string, gone: (instance: object | undefined) => void = () => undefined) {
    this.component = component;
    this.#instance = instance;
    this.refs = new RefCount(what, () => gone(this.#instance));
  }

  get instance(): object | undefined {
    return this.#instance;
  }

  /** The image that owns (made) it; undefined when that image was gone before this process loaded it. */
  get maker(): Image | undefined {
    return this.#maker;
  }

  /** The images whose slots point here, in the order they came. */
  images(): readonly Image[] {
    return [...this.#slots.values()];
  }

  /** Images that share it, oldest first. Serials grow, and loading order says nothing about age. */
  sharers(): readonly Image[] {
    const sharing = [...this.#slots].filter(([slot]) => slot.kind === 'share').map(([, image]) => image);
    return sharing.sort((a, b) => (a.serial < b.serial ? -1 : 1));
  }

  /** The one image that may set it: its maker; after the maker's death the oldest living sharer; else nobody. */
  setter(): Image | undefined {
    if (this.#maker !== undefined && this.#maker.state !== 'dying') return this.#maker;
    return this.sharers().find((image) => image.state !== 'dying');
  }

  /** Puts another object in its place in every slot: found again after a restart, or let go (undefined). */
  renew(instance: object | undefined): void {
    this.#instance = instance;
    for (const [slot, image] of this.#slots) image[slot.field] = instance;
  }

  /** For Image only: a slot begins to point here. */
  attach(slot: Slot, image: Image): void {
    this.refs.hold('slot');
    this.#slots.set(slot, image);
    image[slot.field] = this.#instance;
    if (slot.kind === 'own') this.#maker = image;
  }

  /** For ImageTree only: the image is gone. */
  detach(slot: Slot): void {
    const image = this.#slots.get(slot);
    kassert(image !== undefined, `${this.refs.what}: detached from a slot that does not point at it`);
    this.#slots.delete(slot);
    image[slot.field] = undefined;
    this.refs.free('slot');
  }
}

/** How the slot of `component` is filled; `owner` undefined: by the new image itself. ESRCH when the image shared from is not live. */
export function resolveSlot(component: number, parent: Image | undefined, ask: SlotAsk): Pick<Slot, 'kind' | 'ref'> & { readonly owner: Image | undefined } {
  if (ask.kind === 'own') {
    kassert(ask.instance.maker === undefined && ask.instance.component === component, `${ask.instance.refs.what}: owned twice, or by another component`);
    return { kind: 'own', ref: ask.instance, owner: undefined };
  }
  if (ask.kind === 'share' && 'instance' in ask) {
    kassert(ask.instance.component === component, `${ask.instance.refs.what}: shared as another component`);
    return { kind: 'share', ref: ask.instance, owner: ask.instance.maker };
  }
  const source = ask.kind === 'share' ? ask.from : parent;
  kassert(source !== undefined, 'img0 owns all of its slots');
  if (ask.kind === 'share' && source.state !== 'live') {
    throw new VimageError('ESRCH', `no image "${source.name}" to share with: it is ${source.state}`, { subject: source.name });
  }
  const slot = source.slots[component];
  kassert(slot !== undefined, `image ${source.name} has no slot ${component}`);
  return { kind: ask.kind, ref: slot.ref, owner: slot.owner };
}
