import type { Pair, Pairs } from '../pairs/pairs.ts';
import type { AnyComponent, ComponentName, SugarOf } from '../component/component.ts';
import type { Holder, PlanStep, SocketsEnd, Substrate } from '../substrate.ts';
import type { VimageError } from '../errors.ts';

/** An image in TypeScript: the image's own parameters, and a section for each component that it owns or shares. */
export type ImageSpec = {
  readonly name: string;
  readonly parent?: string;
  readonly persist?: boolean;
  readonly 'children.max'?: number;
} & { readonly [N in ComponentName]?: SugarOf<N> | { readonly share: string } };

/** A change: the same, without what is fixed at creation. */
export type ImageChange = Partial<Omit<ImageSpec, 'name' | 'parent'>>;

/** Strings alternating key and value, pairs, or the typed form. */
export type ImageInput = readonly string[] | Pairs | ImageSpec;
export type ChangeInput = readonly string[] | Pairs | ImageChange;

export interface BootOptions {
  readonly substrate: Substrate;
  readonly components: readonly AnyComponent[];
}

/** How an image came by what stands in a slot. */
export type SlotKind = 'own' | 'inherit' | 'share';

export interface SlotInfo {
  readonly component: string;
  readonly kind: SlotKind;
  /** Name of the image that made the instance; `img0` for the machine's own. */
  readonly owner: string;
  /** Serial of that image where it is no more, while the instance goes on for who shares it; another image may have the name by now. */
  readonly gone?: string;
}

/** One row of `imgctl ls`. */
export interface ImageInfo {
  /** Relative to the caller's own image; `img0` (or `.`) itself is not listed. */
  readonly name: string;
  readonly serial: string;
  readonly parent: string;
  readonly depth: number;
  /**
   * `inside`: made by who lives in an image, as they say; what else is said of it is what they say. `starting`: made, and somebody is at what comes after that;
   * `unstarted`: and nobody is any more, as who was has been killed.
   */
  readonly state: 'live' | 'starting' | 'unstarted' | 'removing' | 'dying' | 'damaged' | 'inside';
  readonly persist: boolean;
  /** `hi:lo/prefix` in hexadecimal. */
  readonly address: string;
  readonly slots: readonly SlotInfo[];
  /** Why it is damaged. */
  readonly error?: string;
}

export interface Listing {
  /** Also what was removed by name, and is still referred to. */
  readonly dying?: boolean;
  /** Also what was made inside an image by who lives there. */
  readonly inside?: boolean;
}

/** What create would do: `imgctl create --dry-run`. */
export interface Plan {
  readonly name: string;
  readonly pairs: Pairs;
  readonly slots: readonly SlotInfo[];
  /** Components whose instance would be made, in order. */
  readonly creates: readonly string[];
}

export interface ChangeReport {
  readonly name: string;
  /** Keys that changed, `component.key` (image parameters: `key`). */
  readonly changed: readonly string[];
  /** What could not be changed in what already runs. */
  readonly notes: readonly string[];
}

export interface DestroyOptions {
  /** Milliseconds between SIGTERM and SIGKILL; 5000 unless given. */
  readonly grace?: number;
  /** Of sockets that this process has in the image; `close` unless given. With `keep` the image is dying until they are closed. */
  readonly sockets?: SocketsEnd;
}

export interface DestroyReport {
  /** Removed, children first. */
  readonly removed: readonly string[];
  /** Processes that were ended. */
  readonly ended: number;
  /** Removed by name, but something still refers to it. */
  readonly dying: readonly string[];
  /** What was given back or lost, one line each. */
  readonly notes: readonly string[];
}

/** An image of a file: pairs without `name` and `parent`, and the images nested in it. */
export interface ImageTreeSpec {
  readonly name: string;
  readonly pairs: readonly Pair[];
  readonly children: readonly ImageTreeSpec[];
}

export interface UpOptions {
  /** Removes children that the file does not name, below the images it names. */
  readonly prune?: boolean;
  /** Destroys an image that differs in what is fixed at creation, with its children, and makes it anew. */
  readonly replace?: boolean;
  readonly grace?: number;
  /** Told of each step; `total` counts the images of the file. */
  readonly progress?: (step: UpStep, done: number, total: number) => void;
}

export interface UpStep {
  readonly name: string;
  readonly action: 'created' | 'changed' | 'kept' | 'replaced' | 'removed' | 'failed';
  /** Changed keys, or why it failed. */
  readonly detail: readonly string[];
  readonly error?: VimageError;
}

export interface KernelEvent {
  readonly type: 'created' | 'changed' | 'removing' | 'dying' | 'removed' | 'damaged';
  readonly name: string;
  readonly serial: string;
}

export interface ComponentInfo {
  readonly name: string;
  readonly describe: string;
  readonly requires: readonly string[];
}

export type { Holder, PlanStep };
