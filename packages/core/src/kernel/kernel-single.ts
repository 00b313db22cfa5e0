import { type CurrentThread, syncCurrent } from '../cred/current.ts';
import { Proc, procSettle } from '../cred/proc.ts';
import { Thread } from '../cred/thread.ts';
import { crget } from '../cred/ucred.ts';
import type { Image } from '../image/image.ts';
import type { Pairs } from '../pairs/pairs.ts';
import { withoutImages } from '../image/without.ts';
import { VimageError } from '../errors.ts';
import type { Holder, ProcessInfo } from '../substrate.ts';
import type { Abort } from './abort.ts';
import { ImageHandle } from './handle.ts';
import { forgetInstances } from './instance.ts';
import type { Kernel as Ordinary } from './kernel.ts';
import { KernelState } from './state.ts';
import type { BootOptions, ComponentInfo, DestroyReport, ImageInfo, ImageTreeSpec, KernelEvent, UpStep } from './types.ts';

/** Boots: registers the components, and opens the substrate. */
export async function boot(options: BootOptions): Promise<Kernel> {
  const state = new KernelState(options);
  await state.substrate.open();
  return new Kernel(state);
}

/** The kernel of the single build. There is img0: what would make an image is EOPNOTSUPP, any other name ESRCH, as img0 is where it is not in the registry. */
export class Kernel implements Pick<Ordinary, keyof Ordinary> {
  readonly current: CurrentThread;
  readonly #state: KernelState;
  readonly #proc: Proc;

  constructor(state: KernelState) {
    this.#state = state;
    this.#proc = new Proc(crget({ image: state.cimg }));
    this.current = syncCurrent(new Thread(this.#proc));
  }

  components(): readonly ComponentInfo[] {
    return this.#state.components.map(({ name, describe, requires }) => ({ name, describe, requires: requires ?? [] }));
  }

  /** EOPNOTSUPP: nothing can be given parameters. */
  params(component = 'params'): never {
    throw withoutImages(component);
  }

  /** EOPNOTSUPP. */
  jsonSchema(): never {
    throw withoutImages('jsonSchema');
  }

  async plan(): Promise<never> {
    throw withoutImages('plan');
  }

  async create(): Promise<never> {
    throw withoutImages('create');
  }

  async once(): Promise<never> {
    throw withoutImages('once');
  }

  /** img0 alone; ESRCH. */
  async lookup(name: string): Promise<ImageHandle> {
    return new ImageHandle(this, this.#state, this.#find(name), []);
  }

  /** EPERM: img0 is the machine itself. */
  async set(name: string): Promise<never> {
    return this.#refused(name, 'EPERM');
  }

  async get(name: string): Promise<Pairs> {
    this.#find(name);
    return [['name', '.']];
  }

  async list(): Promise<readonly ImageInfo[]> {
    this.#state.checkOpen();
    return [];
  }

  async info(name: string): Promise<ImageInfo> {
    this.#find(name);
    return {
      name: '.', serial: '0', parent: '', depth: 0, state: 'live', persist: true, address: '00000000:00000000/0',
      slots: this.#state.components.map((each) => ({ component: each.name, kind: 'own', owner: 'img0' })),
    };
  }

  async fullName(name: string): Promise<string> {
    return this.#find(name).name;
  }

  /** EPERM. */
  async destroy(name: string): Promise<never> {
    return this.#refused(name, 'EPERM');
  }

  async processes(name: string): Promise<readonly ProcessInfo[]> {
    return this.#refused(name);
  }

  async kill(name: string): Promise<never> {
    return this.#refused(name);
  }

  async refs(name: string): Promise<readonly Holder[]> {
    return this.#refused(name);
  }

  /** EOPNOTSUPP where there is anything to be made. */
  async up(trees: readonly ImageTreeSpec[]): Promise<readonly UpStep[]> {
    const [first] = trees;
    if (first !== undefined) throw withoutImages(first.name);
    return [];
  }

  async down(): Promise<DestroyReport> {
    this.#state.checkOpen();
    return { removed: [], ended: 0, dying: [], notes: [] };
  }

  async gc(): Promise<readonly string[]> {
    this.#state.checkOpen();
    return [];
  }

  /** None, until `signal` aborts. */
  events(signal?: Abort): AsyncIterable<KernelEvent> {
    const next = async (): Promise<IteratorReturnResult<undefined>> => {
      if (signal?.aborted !== true) await new Promise<void>((resolve) => signal?.addEventListener('abort', resolve));
      return { done: true, value: undefined };
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  async wait(name: string): Promise<never> {
    return this.#refused(name);
  }

  /** Lets go of everything. Idempotent. */
  async close(): Promise<void> {
    const state = this.#state;
    if (state.closed) return;
    await state.mutex.run(async () => {
      state.closed = true;
      forgetInstances(state);
      procSettle(this.#proc);
      await state.substrate.close();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #find(name: string): Image {
    this.#state.checkOpen();
    return this.#state.tree.lookup(this.#state.cimg, name);
  }

  /** Of img0, which is not in the registry, ESRCH unless told otherwise. */
  #refused(name: string, code = 'ESRCH'): never {
    this.#find(name);
    throw new VimageError(code, 'img0 is the machine itself', { subject: name });
  }
}
