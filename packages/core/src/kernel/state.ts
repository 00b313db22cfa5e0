import { VimageError, kassert } from '../errors.ts';
import type { AnyComponent, ImageView } from '../component/component.ts';
import { guarded } from '../component/guard.ts';
import { componentOrder } from '../component/order.ts';
import type { Image } from '../image/image.ts';
import { InstanceRef } from '../image/slot.ts';
import { ImageTree } from '../image/tree.ts';
import type { ParamTable } from '../param/param.ts';
import { imageParams, type ImageParams, type Tables } from '../pairs/tables.ts';
import type { DamagedImage, GiveBack, StoredImage, Substrate } from '../substrate.ts';
import { isHooked } from './hooks.ts';
import { Mutex } from './mutex.ts';
import type { BootOptions } from './types.ts';

/**
 * One process's view of the registry. The order of locks: names held for hooks, then `mutex` (this process), then the substrate's root lock, then an
 * image's stage. What is marked (m) is touched only by whoever runs under `mutex`.
 */
export class KernelState {
  readonly substrate: Substrate;
  /** In dependency order; a component's place here is its number in the tree. */
  readonly components: readonly AnyComponent[];
  readonly tables: Tables & { readonly image: ImageParams };
  readonly tree: ImageTree;
  readonly mutex: Mutex = new Mutex();
  /** (m) What the registry says, by image of the tree. */
  readonly records: Map<Image, StoredImage> = new Map();
  /** (m) Removed by name, but still referenced; by serial. */
  readonly dying: Map<bigint, StoredImage> = new Map();
  /** (m) Instances by component number and maker's serial, also of makers that are gone. */
  readonly instances: Map<string, InstanceRef> = new Map();
  /** (m) Serials of the images that end with this process. */
  readonly owned: Set<bigint> = new Set();
  /** (m) */
  damaged: readonly DamagedImage[] = [];
  /** (m) */
  generation: string | undefined;
  /** (m) The image this process lives in. */
  cimg: Image;
  closed = false;
  /** Whether any component has something to do before or after an image. */
  readonly hooks: boolean;

  constructor(options: BootOptions) {
    this.substrate = options.substrate;
    this.components = componentOrder(options.components).map((component) => guarded(component, options.substrate));
    this.tables = { image: imageParams, components: new Map<string, ParamTable>(this.components.map((component) => [component.name, component.params])) };
    this.tree = new ImageTree({
      components: this.components.map(({ name }) => name),
      instances: this.components.map((component, number) => new InstanceRef(number, undefined, `${component.name} of img0`)),
    });
    this.cimg = this.tree.img0;
    this.hooks = this.components.some(isHooked);
  }

  /** The component with this number. */
  component(number: number): AnyComponent {
    const component = this.components[number];
    kassert(component !== undefined, `no component has number ${number}`);
    return component;
  }

  record(image: Image): StoredImage {
    const record = this.records.get(image);
    if (record === undefined) throw new VimageError('ESRCH', `no image "${image.name}" in the registry`, { subject: image.name });
    return record;
  }

  /** What a component does with what an image owes, where its maker no longer can; nothing for one that is not installed here. */
  readonly giveBack: GiveBack = async (component, entries, image, serial) => {
    const owner = this.components.find(({ name }) => name === component);
    return (await owner?.giveBack?.(entries, image, serial, this.substrate)) ?? [];
  };

  /** Runs `fn` alone in this process, holding the registry's root lock. */
  locked<T>(fn: () => Promise<T>): Promise<T> {
    return this.mutex.run(async () => {
      this.checkOpen();
      const lock = await this.substrate.lock();
      try {
        return await fn();
      } finally {
        await lock[Symbol.asyncDispose]();
      }
    });
  }

  checkOpen(): void {
    if (this.closed) throw new VimageError('ESRCH', 'this kernel has been closed', { hint: 'boot() another one' });
  }
}

/** Of an image, or of what the registry keeps of one. */
export function viewOf({ name, serial, persist }: ImageView): ImageView {
  return { name, serial, persist };
}
