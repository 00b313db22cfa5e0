import type { Restriction } from '../image/lattice.ts';
import type { ForeignFile, ForeignSource } from './foreign.ts';
import type { Awaitable, Scope } from '../scope.ts';
import type { EntryStep, Holder, Stage, StoredImage, Substrate } from '../substrate.ts';
import type { Pairs } from '../pairs/pairs.ts';
import type { ParamTable, ParamValues, SectionSugar } from '../param/param.ts';

/** The version of this interface; a component that wants another is refused at registration. */
export const interfaceVersion = 1;

export interface ComponentEntry {
  readonly instance: object;
  readonly params: ParamTable;
}

/**
 * The components there are, by name. Empty on purpose: each package adds its own.
 *
 * @example
 * declare module '@vimage/core' {
 *   interface ComponentRegistry { net: { instance: Vnet; params: typeof vnetParams } }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface ComponentRegistry {}

export type ComponentName = Extract<keyof ComponentRegistry, string>;
type EntryOf<N extends string> = N extends keyof ComponentRegistry ? Extract<ComponentRegistry[N], ComponentEntry> : ComponentEntry;
export type InstanceOf<N extends string> = EntryOf<N>['instance'];
export type ParamsOf<N extends string> = EntryOf<N>['params'];
export type SugarOf<N extends string> = SectionSugar<ParamsOf<N>>;

/** The image a component works for, while it is being made or changed. */
export interface ImageView {
  /** Full dotted name. */
  readonly name: string;
  readonly serial: bigint;
  readonly persist: boolean;
}

export interface CheckContext<N extends string> {
  readonly image: ImageView;
  readonly values: ParamValues<ParamsOf<N>>;
  /** What `check` may look at: another visible image's name is known, or ESRCH. */
  sees(image: string): boolean;
}

export interface CreateContext<N extends string> extends CheckContext<N> {
  readonly substrate: Substrate;
  readonly stage: Stage;
  /** Undone, newest first, when anything later fails. Acquire, then defer on the next line. */
  readonly scope: Scope;
  /** Tells whoever makes or changes the image what is not as it was asked, though nothing has failed. */
  note(text: string): void;
  /** What the parent has in this slot: own, inherited or shared; img0's is `root()`. */
  readonly parent: InstanceOf<N>;
  /** What another visible image has in this slot; ESRCH. */
  peer(image: string): Awaitable<InstanceOf<N>>;
  /** What this image has in the slot of a component named in `requires`. */
  slot<M extends string>(component: M): Awaitable<InstanceOf<M>>;
  /** The same for one named in `after`: undefined where that component is not registered. */
  peek<M extends string>(component: M): Awaitable<InstanceOf<M> | undefined>;
}

export interface SetContext<N extends string> extends CreateContext<N> {
  /** Values before the change. */
  readonly before: ParamValues<ParamsOf<N>>;
}

export interface RestoreContext {
  /** The image that made it. */
  readonly image: ImageView;
  readonly substrate: Substrate;
}

export interface RemoveContext<N extends string> {
  readonly image: ImageView;
  readonly values: ParamValues<ParamsOf<N>>;
  readonly substrate: Substrate;
  readonly stage: Stage;
  readonly parent: InstanceOf<N>;
  /** Other images still point at the instance: give back what was the image's, keep what is theirs. */
  readonly shared: boolean;
}

/** What a section of pairs is looked at with, to tell what else it brings. */
export interface ImpliedContext<N extends string> {
  readonly values: ParamValues<ParamsOf<N>>;
  /** Whether the pairs have a section of that component, own or shared. */
  gives(component: string): boolean;
}

/** An image for which programs are run, outside of every lock, when it comes and when it goes. */
export interface RunContext<N extends string> {
  readonly image: ImageView;
  readonly values: ParamValues<ParamsOf<N>>;
  readonly substrate: Substrate;
  /** The image in which it is made; undefined: the one in which this process lives. */
  readonly around: StoredImage | undefined;
  /**
   * What a program that is run outside has to have in its environment: what it does to this very image, whose name is held until it ends, is refused then instead
   * of waiting for ever. `program`: what it is called to whoever reads that.
   */
  environment(program: string): Readonly<Record<string, string>>;
}

/** The same, while the image stands. */
export interface InsideContext<N extends string> extends RunContext<N> {
  readonly inside: StoredImage;
}

/** An image that there is for one command only, on the machine itself, and that nobody else enters. */
export interface OnceContext<N extends string> extends CheckContext<N> {
  readonly substrate: Substrate;
  /** img0's. */
  readonly parent: InstanceOf<N>;
  /** What holds for a parameter with an `order`, as asked or by default. */
  held(key: string): Restriction | undefined;
  /** What an earlier component of the image said that it has. */
  peek(component: string): object | undefined;
}

/** How such an image's process makes, and enters, what stands in a slot. */
export interface OnceSteps {
  /** Among them `new`, which makes a namespace. */
  readonly steps: readonly EntryStep[];
  /** For the components that come after. */
  readonly instance?: object;
}

/** How the outside is told that something could not be done to what already runs. */
export interface SetReport {
  readonly notes: readonly string[];
}

/** The methods a component may have, in the order an image meets them. */
export interface ComponentMethods<N extends string> {
  /** What img0 has in this slot: the machine's own. */
  root(substrate: Substrate): Awaitable<InstanceOf<N>>;
  /**
   * Sections of other components that the image gets because of this one; pure. What the image's own pairs say of the same key holds
   * instead, lists are joined, and a section that is shared gets nothing. Only what was asked is stored: this is told from it each time.
   */
  implied?(cx: ImpliedContext<N>): Pairs;
  /** Refuses what cannot work. Pure: all checks run before any create. */
  check?(cx: CheckContext<N>): void;
  /** Makes the instance that the image will own. */
  create(cx: CreateContext<N>): Awaitable<InstanceOf<N>>;
  /** What `restore` needs, in this process or another, to find the instance again. */
  save(instance: InstanceOf<N>): Pairs;
  /** Finds an instance that another process made; ESTALE when the kernel no longer has it. */
  restore(saved: Pairs, cx: RestoreContext): Awaitable<InstanceOf<N>>;
  /**
   * Keys whose effect has ended by itself since (a process was killed), by what `save` said: `set` is called for them at the next change of the image, also
   * where nothing differs. Pure but for a look at the machine.
   */
  lapsed?(saved: Pairs): readonly string[];
  /** Makes the instance as `cx.values` say; undo of each step goes on cx.scope. */
  set?(instance: InstanceOf<N>, cx: SetContext<N>): Awaitable<SetReport | undefined>;
  /** Read-only values as they are now (access `ro`). */
  get?(instance: InstanceOf<N>): Awaitable<Pairs>;
  /** Gives back what was taken; the image's processes have ended, others may still hold the instance. */
  remove?(instance: InstanceOf<N>, cx: RemoveContext<N>): Awaitable<readonly string[]>;
  /** Drops this process's descriptors of the instance; nothing on the machine changes. */
  forget?(instance: InstanceOf<N>): void;
  /** What a process or thread needs in order to enter. */
  entry(instance: InstanceOf<N>, cx: EntryContext): readonly EntryStep[];
  /** How it is made for one command, without anything that stays; undefined: that takes what is made beforehand, and removed. */
  once?(cx: OnceContext<N>): Awaitable<OnceSteps | undefined>;
  /** Who keeps this instance alive. */
  holders?(instance: InstanceOf<N>, cx: HoldersContext): Awaitable<readonly Holder[]>;
  /** Before anything of the image is made; all was checked. What it throws is the end of it, and nothing is there. */
  starting?(cx: RunContext<N>): Awaitable<void>;
  /** The image stands, for all to see. What it throws destroys it. */
  started?(instance: InstanceOf<N>, cx: InsideContext<N>): Awaitable<void>;
  /** The image is going to be removed, and stands as yet; what failed, one line each: it goes all the same. */
  stopping?(instance: InstanceOf<N>, cx: InsideContext<N>): Awaitable<readonly string[]>;
  /** It is gone, or could not be started; what failed, one line each. */
  stopped?(cx: RunContext<N>): Awaitable<readonly string[]>;
  /** Gives back what a dead process's journal notes; one line per thing done. */
  giveBack?(entries: readonly Pairs[], image: string, serial: bigint, substrate: Substrate): Awaitable<readonly string[]>;
}

export interface EntryContext {
  /** The image entered; where it does not own the instance, not the instance's owner. */
  readonly image: ImageView;
  /** Directory of the owner's files (see {@link Stage.home}). */
  readonly home: string;
  /** Whether the image entered may have children (`children.max` above 0). */
  readonly delegated: boolean;
  /**
   * What holds for a parameter with an `order`: the meet of what was asked by the image entered and those around it, up to img0, and
   * by the instance's maker and those around that, while the maker lives. Undefined: nothing restricts.
   */
  held(key: string): Restriction | undefined;
}

export interface HoldersContext {
  readonly substrate: Substrate;
  readonly image: ImageView;
}

export interface Component<N extends string> extends ComponentMethods<N> {
  readonly name: N;
  /** Which {@link interfaceVersion} it was written for. */
  readonly interface: number;
  /** One line for `imgctl components`. */
  readonly describe: string;
  /** Components that must stand in the image before this one. */
  readonly requires?: readonly string[];
  /** Components that this one comes after where they are registered; an image need not have them. */
  readonly after?: readonly string[];
  /** Why no other image may share an instance: said, with EOPNOTSUPP, to who asks for it. */
  readonly unshared?: string;
  /** Seconds that a call of one of its methods may take before it is given up (ETIMEDOUT); 120 unless said, `Infinity` where each ends by itself. */
  readonly patience?: number;
  readonly params: ParamsOf<N>;
  /** Pairs of a section that can be made on any machine: what help shows. Components that have some are shown before others. */
  readonly example?: Pairs;
  /**
   * Reads a file of another system (jail.conf(5)) as images, which `imgctl up` takes then; `vimage.reads` in the package's package.json says what
   * such files are called. EINVAL, with the place.
   */
  readonly reads?: (text: string, source: ForeignSource) => ForeignFile;
}

/** A component of any name, as the registry keeps it. */
export type AnyComponent = Component<string>;

/** Declares a component. Nothing is registered here; `boot` does that. */
export function defineComponent<const N extends string>(component: Component<N>): Component<N> {
  return Object.freeze(component);
}
