import { componentOrder } from '../component/order.ts';
import { InstanceRef } from '../image/slot.ts';
import { Root, refOf } from '../image/root-single.ts';
import { VimageError, kassert } from '../errors.ts';
import type { AnyComponent } from '../component/component.ts';
import type { Image } from '../image/image.ts';
import type { StoredImage, Substrate } from '../substrate.ts';
import { Mutex } from './mutex.ts';
import type { KernelState as Ordinary } from './state.ts';
import type { BootOptions } from './types.ts';

/** What a kernel of the single build knows: its components, and img0. */
export class KernelState implements Pick<Ordinary, 'substrate' | 'components' | 'mutex' | 'cimg' | 'closed' | 'component' | 'record' | 'checkOpen'> {
  readonly substrate: Substrate;
  readonly components: readonly AnyComponent[];
  readonly tree: Root;
  readonly mutex: Mutex = new Mutex();
  readonly cimg: Image;
  closed = false;

  constructor({ substrate, components }: BootOptions) {
    this.substrate = substrate;
    this.components = componentOrder(components);
    this.tree = new Root({
      components: this.components.map(({ name }) => name),
      instances: this.components.map(({ name }, number) => new InstanceRef(number, undefined, `${name} of img0`)),
    });
    this.cimg = this.tree.img0;
    for (const { name } of this.components) refOf(name).refs.hold('kernel');
  }

  /** The component with this number in the tree. */
  component(number: number): AnyComponent {
    const component = this.components.find(({ name }) => this.tree.component(name) === number);
    kassert(component !== undefined, `no component has number ${number}`);
    return component;
  }

  /** What a program is started in: img0, which no registry has. */
  record({ name, serial, address, persist, state, pairs }: Image): StoredImage {
    return { name, serial, address, persist, state, pairs, saved: new Map() };
  }

  checkOpen(): void {
    if (this.closed) throw new VimageError('ESRCH', 'this kernel has been closed', { hint: 'boot() another one' });
  }
}
