import { effective, run } from '../cred/effective.ts';
import { VimageError } from '../errors.ts';
import type { Image } from '../image/image.ts';
import type { InstanceOf } from '../component/component.ts';
import type { Pairs } from '../pairs/pairs.ts';
import type { ChildOf, FilesOf, Holder, ProcessInfo, SpawnRequest } from '../substrate.ts';
import { instanceAt } from './instance.ts';
import type { Kernel } from './kernel.ts';
import type { KernelState } from './state.ts';
import type { ChangeInput, ChangeReport, DestroyOptions, DestroyReport } from './types.ts';

export type SpawnOptions = Partial<Omit<SpawnRequest, 'command' | 'args'>>;

export interface EffectiveRun {
  /** Names of the components that are acted on; all but those that must be asked for, unless given. */
  readonly only?: readonly string[];
}

/** What a handle asks its kernel for. */
type OfKernel = Pick<Kernel, 'current' | 'set' | 'get' | 'processes' | 'refs' | 'destroy'>;

/**
 * An image in hand: a name that cannot come to mean another image. After the image is gone every method is ESRCH.
 * Disposing of the handle of an image that is not persistent destroys it.
 */
export class ImageHandle implements AsyncDisposable {
  readonly name: string;
  readonly serial: bigint;
  /** What was not made as it was asked, though nothing failed; of the handle that `create` gave. */
  readonly notes: readonly string[];
  readonly #kernel: OfKernel;
  readonly #state: KernelState;
  readonly #image: Image;

  constructor(kernel: OfKernel, state: KernelState, image: Image, notes: readonly string[]) {
    this.#kernel = kernel;
    this.#state = state;
    this.#image = image;
    this.name = state.tree.nameFrom(state.cimg, image);
    this.serial = image.serial;
    this.notes = notes;
  }

  /** Starts a program that lives in the image (or, with `effective`, acts on it). */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildOf {
    const request: SpawnRequest = { effective: false, only: [], ...options, command, args };
    return this.#state.substrate.spawn(this.#state.record(this.#live()), request);
  }

  /** The image's files, as those have them who live there. EOPNOTSUPP: the substrate has none. */
  get fs(): FilesOf {
    const { substrate } = this.#state;
    if (substrate.files === undefined) throw new VimageError('EOPNOTSUPP', `the substrate "${substrate.name}" has no files`, { subject: this.name });
    return substrate.files(this.#state.record(this.#live()));
  }

  /**
   * Runs `fn` with this image as the effective one: with @vimage/linux what `fn`, and all that it starts, does with sockets, names and programs is the image's. Not its
   * files (see {@link fs}) and not its users: those a running Node cannot enter. What cannot be right is an error there: EOPNOTSUPP. ESRCH when the image is gone.
   */
  effective<T>(fn: () => PromiseLike<T>): Promise<T>;
  effective<T>(fn: () => T): T;
  effective<T>(options: EffectiveRun, fn: () => PromiseLike<T>): Promise<T>;
  effective<T>(options: EffectiveRun, fn: () => T): T;
  effective(first: EffectiveRun | (() => unknown), second?: () => unknown): unknown {
    const options = typeof first === 'function' ? {} : first;
    const fn = typeof first === 'function' ? first : second;
    if (fn === undefined) throw new VimageError('EINVAL', 'effective() needs a function to run');
    const only = options.only?.map((name) => this.#state.tree.component(name));
    return effective(this.#kernel.current, this.#live(), only === undefined ? {} : { only }, fn);
  }

  /** Runs `fn` as a process that lives in this image: as {@link effective}, and programs that it starts live there as well. There is no way back to another image within. */
  run<T>(fn: () => PromiseLike<T>): Promise<T>;
  run<T>(fn: () => T): T;
  run(fn: () => unknown): unknown {
    return run(this.#kernel.current, this.#live(), fn);
  }

  /** What stands in a slot: own, inherited or shared. */
  async slot<N extends string>(component: N): Promise<InstanceOf<N>> {
    const image = this.#live();
    return this.#state.mutex.run(() => instanceAt(this.#state, image, this.#state.tree.component(component)));
  }

  set(change: ChangeInput): Promise<ChangeReport> {
    this.#live();
    return this.#kernel.set(this.name, change);
  }

  get(options?: { readonly all?: boolean }): Promise<Pairs> {
    this.#live();
    return this.#kernel.get(this.name, options);
  }

  processes(): Promise<readonly ProcessInfo[]> {
    this.#live();
    return this.#kernel.processes(this.name);
  }

  refs(): Promise<readonly Holder[]> {
    this.#live();
    return this.#kernel.refs(this.name);
  }

  destroy(options?: DestroyOptions): Promise<DestroyReport> {
    this.#live();
    return this.#kernel.destroy(this.name, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#image.state === 'dying' || this.#image.persist || this.#state.closed) return;
    await this.#kernel.destroy(this.name);
  }

  #live(): Image {
    this.#state.checkOpen();
    if (this.#image.state === 'live') return this.#image;
    throw new VimageError('ESRCH', `image "${this.name}" has been removed`, { subject: this.name });
  }
}
