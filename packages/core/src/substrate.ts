import type { CurrentThread } from './cred/current.ts';
import type { Thread } from './cred/thread.ts';
import type { Awaitable } from './scope.ts';
import type { Pairs } from './pairs/pairs.ts';
import type { VimageError } from './errors.ts';

/** A 64-bit image address as two unsigned 32-bit halves, and its prefix length. */
export interface ImageAddress {
  readonly hi: number;
  readonly lo: number;
  readonly prefix: number;
}

/** `removing`: named, being taken down. `dying`: its name is free again, but something still refers to it. */
export type ImageState = 'live' | 'removing' | 'dying';

/** What the registry keeps of an image. */
export interface StoredImage {
  /** Full dotted name from img0. */
  readonly name: string;
  /** Never used again, unlike the address. */
  readonly serial: bigint;
  readonly address: ImageAddress;
  readonly persist: boolean;
  readonly state: ImageState;
  /** It was made, and what its components do after that (`started`) has not come to its end: somebody is at it, or was killed. */
  readonly starting?: boolean;
  /** What was asked, as it was asked. */
  readonly pairs: Pairs;
  /** By component that this image owns: what its `restore` needs to find the instance again. */
  readonly saved: ReadonlyMap<string, Pairs>;
}

/** An image that was made inside another by who lives there, as that one's own registry says: to be shown, never to be trusted. */
export interface InsideImage {
  /** Relative to the image that it was made in. */
  readonly name: string;
  readonly pairs: Pairs;
}

/** An entry that could not be read. It is shown, and never deleted by guess. */
export interface DamagedImage {
  readonly name: string;
  readonly error: VimageError;
  /** It was not made by us, or stands in another's place: not to be removed, whoever asks. */
  readonly foreign?: boolean;
}

export interface Snapshot {
  /** Changes whenever anything in the registry does. */
  readonly generation: string;
  readonly images: readonly StoredImage[];
  readonly damaged: readonly DamagedImage[];
}

/** One step of entering an image, as pairs; `for` is added by the kernel. See docs/plan-format.md. */
export interface EntryStep {
  readonly verb: string;
  readonly args: Pairs;
  /** Only when living in the image, or only when acting on it; both when absent. */
  readonly mode?: 'live' | 'effective';
  /** Effective only where the component is asked for by name. */
  readonly ask?: boolean;
}

export interface PlanStep extends EntryStep {
  readonly component: string;
}

/**
 * An image being made or changed, on the machine: invisible to others, with the image's lock held.
 * A crash at any moment leaves what `gc` can undo from the journal.
 */
export interface Stage {
  /** Directory of the image's own files once it is published; components may name it in their entry. */
  readonly home: string;
  /** Notes, before the act, something that has to be given back if we die. */
  journal(component: string, entry: Pairs): Awaitable<void>;
  /** What is noted for this component, oldest first. */
  journalled(component: string): Awaitable<readonly Pairs[]>;
  /** Replaces a component's notes: after giving back, or once they are no longer owed. */
  settle(component: string, entries: readonly Pairs[]): Awaitable<void>;
  /** Writes one of a component's own files (`resolv.conf`); returns its path after publication. */
  file(component: string, name: string, content: string): Awaitable<string>;
  /** Makes it visible, whole, at once. */
  publish(image: StoredImage, plan: readonly PlanStep[]): Awaitable<void>;
  /** Leaves the registry as it was before the stage was opened. */
  abort(): Awaitable<void>;
  /** Gives up the image's lock; a non-persistent image's ownership stays with this process. */
  release(): Awaitable<void>;
}

export interface ProcessInfo {
  readonly pid: number;
  /** The same process's numbers further in, down to the image's own process table, outermost first; empty where the image has none. */
  readonly inner: readonly number[];
  readonly ppid: number;
  readonly uid: number;
  readonly state: string;
  /** Jiffies since boot at its start; with the pid, its identity. */
  readonly start: string;
  /** Milliseconds of processor time that it has had, as a whole number of the kernel's ticks. */
  readonly cpu: number;
  /** Bytes of it that are in memory; what processes share counts for each. */
  readonly memory: number;
  readonly command: string;
}

/** Something that keeps an image or an instance alive. */
export interface Holder {
  readonly kind: string;
  readonly component?: string;
  readonly pid?: number;
  readonly detail: string;
}

export interface SpawnRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly effective: boolean;
  /** Components acted on, in effective mode; empty: all but those that must be asked for. */
  readonly only: readonly string[];
  /** False, in effective mode: without a mount view. /proc, /sys and /etc stay the caller's, whatever the components are; quicker. */
  readonly view?: boolean;
  readonly user?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cleanEnv?: boolean;
  readonly tty?: boolean;
  readonly dieWithParent?: boolean;
  readonly detach?: boolean;
  /** Its standard descriptors, as the substrate has them. */
  readonly stdio?: StdioOf;
  /** A descriptor of ours that it has until the program runs: it is closed then, or, where it cannot, gets the exit status as one byte. */
  readonly report?: number;
}

/** Which image this process lives in, and what it may do. */
export interface Standing {
  /** Serial of the image whose cgroup holds us, or undefined in img0. */
  readonly cimg: bigint | undefined;
  /** Most images directly in img0, where somebody has said so: it is an image's own registry. */
  readonly childrenMax?: number | undefined;
}

/** What becomes of sockets of this process in an image that is removed: closed, with an error to who has them; or kept, and the image with them. */
export type SocketsEnd = 'close' | 'keep';

export interface EndOptions {
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly grace: number;
}

/** What a substrate adds to the types of core: `child`, what `spawn` returns; `stdio`, what it takes as standard descriptors; `fs`, how it gives the files of an image. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface SubstrateTypes {}

/** A started program, as the substrate in use has it (Node's ChildProcess, with @vimage/linux). */
export type ChildOf = SubstrateTypes extends { readonly child: infer C } ? C : unknown;

/** What a program's standard descriptors are (Node's StdioOptions, with @vimage/linux; `pipe` unless given, as of child_process). */
export type StdioOf = SubstrateTypes extends { readonly stdio: infer S } ? S : unknown;

/** The files of an image, as the substrate in use gives them (the promises API of node:fs, with @vimage/linux). */
export type FilesOf = SubstrateTypes extends { readonly fs: infer F } ? F : unknown;

/** Names held by one who runs programs for images of these names, as they come or go; freed when disposed of, or with the process. */
export interface Hold extends Disposable {
  has(name: string): boolean;
  /** False when another has it, unless it is waited for. EDEADLK: that one waits for this process, which it runs as such a program. */
  take(name: string, wait: boolean): Awaitable<boolean>;
  /** What tells such a program, and what it runs, who waits for it; `program`: what it is called to its reader. */
  environment(program: string): Readonly<Record<string, string>>;
}

/** The only door to the machine. Core calls nothing else; components may narrow it to the one they know. */
export interface Substrate {
  readonly name: string;
  /** Finds out where we stand; EPERM names the missing right and what to do. */
  open(): Awaitable<Standing>;
  /** The registry's root lock, exclusive. Never held during a grace period. */
  lock(): Awaitable<AsyncDisposable>;
  /** The registry, or undefined when it is still at `generation`. Damage is reported, never skipped. */
  load(generation?: string): Awaitable<Snapshot | undefined>;
  /** A number that was never given before on this boot. */
  serial(): bigint;
  /** Opens a stage for a new image, or for one that exists. */
  stage(image: Pick<StoredImage, 'name' | 'serial' | 'persist'>, existing: boolean): Awaitable<Stage>;
  /** Directory of an image's own files, wherever it stands by now (see {@link Stage.home}). */
  home(image: Pick<StoredImage, 'name' | 'serial'>): string;
  /** One that holds nothing yet. Names are taken before the root lock, never under it. */
  hold(): Hold;
  /** Whether anybody holds that name. */
  isHeld(name: string): boolean;
  /** An image that was published as `starting` has started. Runs under the root lock. */
  started(image: StoredImage): Awaitable<void>;
  /** Marks images `removing`, for all to see. None of them where what one has to give back cannot be read (EBADMSG). */
  doom(images: readonly StoredImage[]): Awaitable<void>;
  /**
   * Removes pins, cgroup and registry entry; true when nothing refers to the image any more, else it is `dying`.
   * `shared`: other images point at an instance of it, so that its pins stay. Also for what is dying already. Ends the stage.
   * `wait`: a moment for what is just going; not to be asked for one after the other where there are many.
   */
  retire(image: StoredImage, stage: Stage, shared?: boolean, wait?: boolean): Awaitable<boolean>;
  /** Processes that live in the image (not in its children). */
  processes(image: StoredImage): Awaitable<readonly ProcessInfo[]>;
  /** Signals one process of the image by stable identity; ESRCH when it is not there (any more). */
  signal(image: StoredImage, pid: number, signal: string): Awaitable<void>;
  /** TERM, grace, KILL, verified empty. Returns how many were ended. */
  end(image: StoredImage, options: EndOptions): Awaitable<number>;
  /** Resolves when a process of the image has ended, or when none lives in it; may resolve early. Keeps no program from ending. */
  emptied(image: StoredImage): Promise<void>;
  /** Everything that keeps the image itself alive (processes, handles, pins taken by others). */
  holders(image: StoredImage): Awaitable<readonly Holder[]>;
  /**
   * Removes an entry that could not be read, and all below it, with what can be told of it otherwise: processes, what its journal notes,
   * pins. One line per thing done. `sharer`: an image that uses what that serial made. EBUSY: there is one, or somebody works on it.
   */
  scrap(image: DamagedImage, give: GiveBack, sharer: (serial: bigint) => string | undefined): Awaitable<readonly string[]>;
  /** Undoes what dead processes left behind; one line per thing done. `give` lets a component settle its journal. */
  gc(give: GiveBack): Awaitable<readonly string[]>;
  /** Starts a program in the image or, effective, on it. */
  spawn(image: StoredImage, request: SpawnRequest): ChildOf;
  /** Starts a program in an image that there is for it only, and that nobody else enters; `plan` makes and enters all of it. */
  once?(plan: readonly PlanStep[], request: SpawnRequest): ChildOf;
  /** Resolves when what `spawn` or `once` has started has ended, or could not be started. */
  ended?(child: ChildOf): Promise<void>;
  /** The images that were made inside of one, of all levels; absent where that cannot be. */
  inside?(image: Pick<StoredImage, 'name' | 'serial'>): readonly InsideImage[];
  /**
   * Binds threads to what runs asynchronously, so that what is done in `effective` and `run` acts on the image. `base` is current where
   * no other is; `components` are in the order of their numbers. Absent: the credential changes, and nothing on the machine follows it.
   */
  threads?(base: Thread, components: readonly string[]): CurrentThread;
  /** The image is going, and takes no more: what this process has open in it ends, as asked. */
  revoke?(image: Pick<StoredImage, 'name' | 'serial'>, sockets: SocketsEnd): Awaitable<void>;
  /** The files of an image, as those have them who live there; absent where there are none. */
  files?(image: Pick<StoredImage, 'name' | 'serial'>): FilesOf;
  /** Calls `expired` in so many milliseconds, unless it is stopped by what this returns (callout(9)); absent: there is no clock, and nothing is bounded. */
  callout?(ms: number, expired: () => void): () => void;
  /** Registry changes as they happen, until disposed. */
  watch(changed: () => void): Disposable;
  close(): Awaitable<void>;
}

/** Called for each journal that a dead process left; the component gives back what it notes. */
export type GiveBack = (component: string, entries: readonly Pairs[], image: string, serial: bigint) => Awaitable<readonly string[]>;
