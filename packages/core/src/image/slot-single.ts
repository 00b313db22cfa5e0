import { kassert } from '../errors.ts';
import { RefCount } from '../ref/refcount.ts';
import type { Image } from './image.ts';
import { type InstanceRef as OrdinaryRef, type Slot as Ordinary, type SlotAsk, type SlotField, type SlotKind } from './slot.ts';

export type { SlotAsk, SlotField, SlotKind };

/** img0's place for one component, in the single build. */
export class Slot implements Ordinary {
  readonly component: number;
  readonly field: SlotField;
  readonly kind: SlotKind;
  readonly owner: Image;
  readonly ref: OrdinaryRef;

  constructor(component: number, name: string, kind: SlotKind, owner: Image, ref: OrdinaryRef) {
    this.component = component;
    this.field = `v_${name}`;
    this.kind = kind;
    this.owner = owner;
    this.ref = ref;
  }

  get instance(): object | undefined {
    return this.ref.instance;
  }
}

/** A component's instance, counted; the one slot that points at it is img0's. */
export class InstanceRef implements Pick<OrdinaryRef, keyof OrdinaryRef> {
  readonly component: number;
  readonly refs: RefCount;
  instance: object | undefined;
  maker: Image | undefined;
  #field: SlotField = 'v_';

  constructor(component: number, instance: object | undefined, what: string, gone: (instance: object | undefined) => void = () => undefined) {
    this.component = component;
    this.instance = instance;
    this.refs = new RefCount(what, () => { gone(this.instance); });
  }

  images(): readonly Image[] {
    return this.maker === undefined ? [] : [this.maker];
  }

  sharers(): readonly Image[] {
    return [];
  }

  setter(): Image | undefined {
    return this.maker;
  }

  renew(instance: object | undefined): void {
    this.instance = instance;
    if (this.maker !== undefined) this.maker[this.#field] = instance;
  }

  attach({ field }: Ordinary, image: Image): void {
    kassert(this.maker === undefined, `${this.refs.what}: owned twice`);
    this.refs.hold('slot');
    this.maker = image;
    this.#field = field;
    image[field] = this.instance;
  }

  detach(): void {
    kassert(false, 'img0 is never removed');
  }
}
