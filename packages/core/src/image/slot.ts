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

/** One image's place for one component. Read on the hot path as `image.slots[n].instance`. */
export class Slot {
  /** What the component made; undefined until this process needed it. Set by {@link InstanceRef.renew} only. */
  instance: object | undefined;
  /** The component's number, given at boot. */
  readonly component: number;
  readonly kind: SlotKind;
  /** The image that made the instance (or, loaded after its death, the one that shares it). Not a reference. */
  readonly owner: Image;
  readonly ref: InstanceRef;

  constructor(component: number, kind: SlotKind, owner: Image, ref: InstanceRef) {
    this.instance = ref.instance;
    this.component = component;
    this.kind = kind;
    this.owner = owner;
    this.ref = ref;
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
    for (const slot of this.#slots.keys()) slot.instance = instance;
  }

  /** For Image only: a slot begins to point here. */
  attach(slot: Slot, image: Image): void {
    this.refs.hold('slot');
    this.#slots.set(slot, image);
    if (slot.kind === 'own') this.#maker = image;
  }

  /** For Image only. */
  detach(slot: Slot): void {
    kassert(this.#slots.delete(slot), `${this.refs.what}: detached from a slot that does not point at it`);
    this.refs.free('slot');
  }
}

/** What will stand in the slot of `component` of a new image below `parent`. ESRCH when the image shared from is no longer there. */
export function resolveSlot(component: number, parent: Image, ask: SlotAsk): Pick<Slot, 'kind' | 'ref'> & { readonly owner: Image | undefined } {
  if (ask.kind === 'own') {
    kassert(ask.instance.maker === undefined && ask.instance.component === component, `${ask.instance.refs.what}: owned twice, or by another component`);
    return { kind: 'own', ref: ask.instance, owner: undefined };
  }
  if (ask.kind === 'share' && 'instance' in ask) {
    kassert(ask.instance.component === component, `${ask.instance.refs.what}: shared as another component`);
    return { kind: 'share', ref: ask.instance, owner: ask.instance.maker };
  }
  const source = ask.kind === 'share' ? ask.from : parent;
  if (ask.kind === 'share' && source.state !== 'live') {
    throw new VimageError('ESRCH', `no image "${source.name}" to share with: it has been removed`, { subject: source.name });
  }
  const slot = source.slots[component];
  kassert(slot !== undefined, `image ${source.name} has no slot ${component}`);
  return { kind: ask.kind, ref: slot.ref, owner: slot.owner };
}
