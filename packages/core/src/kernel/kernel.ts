import { type CurrentThread, syncCurrent } from '../cred/current.ts';
import { Proc, procSettle } from '../cred/proc.ts';
import { Thread } from '../cred/thread.ts';
import { crget } from '../cred/ucred.ts';
import type { Image } from '../image/image.ts';
import { type ParamRow, jsonSchema, paramInfo } from '../param/info.ts';
import type { Pairs } from '../pairs/pairs.ts';
import type { JsonSchema } from '../param/type.ts';
import { VimageError, codeOf } from '../errors.ts';
import type { Holder, ProcessInfo } from '../substrate.ts';
import type { Abort } from './abort.ts';
import { startImage } from './start.ts';
import { destroyImage, reapDying } from './destroy.ts';
import { draft, planOf, visible } from './draft.ts';
import { events, waitFor } from './events.ts';
import { ImageHandle, type SpawnOptions } from './handle.ts';
import { inputPairs } from './input.ts';
import { forgetInstances } from './instance.ts';
import { orInside, outerOf } from './inside.ts';
import { getPairs, imageInfo, listImages } from './list.ts';
import { startOnce, type Once } from './once.ts';
import { refsOf } from './refs.ts';
import { setImage } from './set.ts';
import { KernelState } from './state.ts';
import { sync } from './sync.ts';
import type {
  BootOptions, ChangeInput, ChangeReport, ComponentInfo, DestroyOptions, DestroyReport, ImageInfo, ImageInput, ImageSpec, ImageTreeSpec, KernelEvent, Listing,
  Plan, UpOptions, UpStep,
} from './types.ts';
import { down, up } from './up.ts';

/** Boots: registers the components, opens the substrate, and finds out in which image this process lives. */
export async function boot(options: BootOptions): Promise<Kernel> {
  const state = new KernelState(options);
  const { cimg, childrenMax } = await state.substrate.open();
  if (childrenMax !== undefined) state.tree.img0.subnets.bound = childrenMax;
  if (cimg !== undefined) {
    await sync(state);
    state.cimg = state.tree.bySerial(cimg) ?? state.tree.img0;
  }
  return new Kernel(state);
}

/** The images of this machine, as one process sees and changes them. Names are relative to the image it lives in. */
export class Kernel implements AsyncDisposable {
  readonly current: CurrentThread;
  readonly #state: KernelState;
  readonly #proc: Proc;

  /** For {@link boot}. */
  constructor(state: KernelState) {
    this.#state = state;
    this.#proc = new Proc(crget({ uid: 0, gid: 0, image: state.cimg }));
    const base = new Thread(this.#proc);
    const { substrate, components } = state;
    this.current = substrate.threads?.(base, components.map(({ name }) => name)) ?? syncCurrent(base);
  }

  /** The components that are loaded, in the order an image meets them. */
  components(): readonly ComponentInfo[] {
    return this.#state.components.map(({ name, describe, requires }) => ({ name, describe, requires: requires ?? [] }));
  }

  /** Every parameter there is, or those of one component ('' for the image's own). ENOENT. */
  params(component?: string): readonly ParamRow[] {
    const { image, components } = this.#state.tables;
    if (component === undefined) return [...paramInfo('', image), ...[...components].flatMap(([name, table]) => paramInfo(name, table))];
    const table = component === '' ? image : components.get(component);
    if (table === undefined) {
      throw new VimageError('ENOENT', `no component "${component}" is loaded`, { subject: component, hint: 'imgctl components lists those that are' });
    }
    return paramInfo(component, table);
  }

  /** JSON Schema of the typed form of an image. */
  jsonSchema(): JsonSchema {
    return jsonSchema(this.#state.tables);
  }

  /** What create would do; nothing is done. */
  plan(input: ImageInput): Promise<Plan> {
    return this.#synced(() => planOf(this.#state, draft(this.#state, inputPairs(input, this.#state.tables, 'create'))));
  }

  async create(input: ImageInput): Promise<ImageHandle> {
    const { image, notes } = await this.#outside(() => startImage(this.#state, inputPairs(input, this.#state.tables, 'create')));
    return this.#handle(image, notes);
  }

  /**
   * Runs one command in an image that ends with it, which nobody else enters: quicker than to create, spawn and destroy, and nothing to
   * remove where all of it is the command's own (no addresses, cables, names or shared parts).
   */
  once(input: Omit<ImageSpec, 'name'> | readonly string[] | Pairs, command: string, args: readonly string[] = [], options: SpawnOptions = {}): Promise<Once> {
    const given = isTyped(input) ? { name: 'once', ...input } : input;
    const pairs = inputPairs(given, this.#state.tables, 'create');
    return this.#outside(() => startOnce(this.#state, isTyped(input) ? pairs.slice(1) : pairs, { effective: false, only: [], ...options, command, args }));
  }

  /** An image that is there already; ESRCH. */
  lookup(name: string): Promise<ImageHandle> {
    return this.#synced(() => orInside(this.#state, name, () => this.#handle(visible(this.#state, name))));
  }

  set(name: string, change: ChangeInput): Promise<ChangeReport> {
    return this.#outside(() => orInside(this.#state, name, () => setImage(this.#state, name, inputPairs(change, this.#state.tables, 'set'))));
  }

  /** Pairs which, given to create, make the same image again; `all` adds the read-only ones. */
  get(name: string, options: { readonly all?: boolean } = {}): Promise<Pairs> {
    return this.#synced(() => orInside(this.#state, name, () => getPairs(this.#state, name, options.all ?? false)));
  }

  list(options: Listing = {}): Promise<readonly ImageInfo[]> {
    return this.#synced(() => listImages(this.#state, options));
  }

  info(name: string): Promise<ImageInfo> {
    return this.#synced(() => imageInfo(this.#state, visible(this.#state, name)));
  }

  /** The name from the registry's root, as imgexec takes it; also of an image that was made inside another. */
  fullName(name: string): Promise<string> {
    return this.#synced(() => {
      try {
        return visible(this.#state, name).name;
      } catch (error) {
        const { cimg } = this.#state;
        if (codeOf(error) !== 'ESRCH' || outerOf(this.#state, name) === undefined) throw error;
        return cimg.parent === undefined ? name : `${cimg.name}.${name}`;
      }
    });
  }

  destroy(name: string, options: DestroyOptions = {}): Promise<DestroyReport> {
    return this.#outside(() => orInside(this.#state, name, () => destroyImage(this.#state, name, options)));
  }

  processes(name: string): Promise<readonly ProcessInfo[]> {
    return this.#synced(() => orInside(this.#state, name, () => this.#state.substrate.processes(this.#state.record(visible(this.#state, name)))));
  }

  /** Signals one process of the image by its number outside (ESRCH), or all; returns how many. One that ends meanwhile is not counted. */
  kill(name: string, pid: number | undefined, signal: string): Promise<number> {
    return this.#synced(async () => {
      const { substrate } = this.#state;
      const record = this.#state.record(visible(this.#state, name));
      if (pid !== undefined) {
        await substrate.signal(record, pid, signal);
        return 1;
      }
      let count = 0;
      for (const each of await substrate.processes(record)) {
        try {
          await substrate.signal(record, each.pid, signal);
          count++;
        } catch (error) {
          if (codeOf(error) !== 'ESRCH') throw error;
        }
      }
      return count;
    });
  }

  /** Who keeps an image, or one that is dying. ESRCH. */
  refs(name: string): Promise<readonly Holder[]> {
    return this.#synced(() => orInside(this.#state, name, () => refsOf(this.#state, name)));
  }

  /** Makes the images of a file be as it says. */
  up(trees: readonly ImageTreeSpec[], options: UpOptions = {}): Promise<readonly UpStep[]> {
    return this.#outside(() => up(this.#state, trees, options));
  }

  down(trees: readonly ImageTreeSpec[], options: DestroyOptions & Pick<UpOptions, 'progress'> = {}): Promise<DestroyReport> {
    return this.#outside(() => down(this.#state, trees, options));
  }

  /** Undoes what dead processes left behind; one line per thing done. */
  gc(): Promise<readonly string[]> {
    const state = this.#state;
    return this.#outside(() => state.locked(async () => {
      const done = await state.substrate.gc(state.giveBack);
      await sync(state);
      return [...done, ...(await reapDying(state))];
    }));
  }

  events(signal?: Abort): AsyncIterable<KernelEvent> {
    return events(this.#state, signal);
  }

  wait(name: string, options: { readonly for: 'gone' | 'empty'; readonly signal?: Abort }): Promise<void> {
    return waitFor(this.#state, name, options.for, options.signal);
  }

  /** Destroys what this process made and did not make persistent, and lets go of everything else. Idempotent. */
  close(): Promise<void> {
    return this.#outside(() => this.#close());
  }

  async #close(): Promise<void> {
    const state = this.#state;
    if (state.closed) return;
    // Another process may have removed some.
    if (state.owned.size > 0) await this.#synced(() => undefined);
    for (const serial of state.owned) {
      const image = state.tree.bySerial(serial);
      if (image !== undefined && image.state !== 'dying' && !image.persist) await this.destroy(state.tree.nameFrom(state.cimg, image));
    }
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

  #synced<T>(fn: () => T | Promise<T>): Promise<T> {
    return this.#outside(() => this.#state.mutex.run(async () => {
      this.#state.checkOpen();
      await sync(this.#state);
      return fn();
    }));
  }

  /** What the kernel does is done where the process is, whatever its caller acts on. */
  #outside<T>(fn: () => T): T {
    const { current } = this;
    return current.outside === undefined ? fn() : current.outside(fn);
  }

  #handle(image: Image, notes: readonly string[] = []): ImageHandle {
    return new ImageHandle(this, this.#state, image, notes);
  }
}

function isTyped(input: Omit<ImageSpec, 'name'> | readonly string[] | Pairs): input is Omit<ImageSpec, 'name'> {
  return !Array.isArray(input);
}
