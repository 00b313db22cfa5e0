import { chmodSync, readFileSync, readdirSync } from 'node:fs';
import { VimageError, childrenMaxOf, encodePairs } from '@vimage/core';
import type { Awaitable, Pairs, PlanStep, Stage, StoredImage } from '@vimage/core';
import type { CgroupAt } from '../cgroup.ts';
import { door } from '../door.ts';
import { ifThere, needDir, overwrite, removeDir, rename, replace, unlink, writeNew } from '../sys/file.ts';
import { removeTree } from '../sys/remove.ts';
import { hasInside, writeLimit } from '../inside/given.ts';
import { decodePlan, encodePlan, isView } from './entry.ts';
import type { Entry } from './entry.ts';
import { readNotes, writeNote, writeNotes } from './journal.ts';
import type { FileLock } from './lock.ts';
import { givenRegistry } from '../inside/step.ts';
import { removingPlan, startingMark } from './read.ts';
import type { RootOutside } from '../users.ts';

/** What a stage needs of the registry it is in. */
export interface StageHost {
  /** Runs under the root lock. */
  run<T>(fn: () => T): Awaitable<T>;
  /** Before, and after, a change that others can see. */
  begin(): void;
  bump(): void;
  /** The plan of an image is another one now; `plan`: what it says, where that is known. */
  changed(serial: bigint, plan?: Uint8Array): void;
  during(fn: () => Promise<void>): Promise<void>;
  /** Removes what of an image that never was is outside the registry: processes, cgroup, pins. */
  discard(serial: bigint, cgroup: CgroupAt | undefined, dir: string): Promise<void>;
  /** Makes the pins' namespace where there is none. */
  needPins(): void;
  /** Makes what is to be the registry of those who will live in the image, or gives it another size. */
  giveRegistry(serial: bigint, root: RootOutside, childrenMax: number): void;
  /** That registry; undefined where there is none. */
  registryInside(serial: bigint): string | undefined;
  /** Waits until what was asked to be pinned is; `quietly`: or not. */
  settlePins(quietly: boolean): void;
  /** What enters from now on gets a mount view as the plan has it; what lives there keeps the one it has. */
  remakeView(serial: bigint): void;
  /** Keeps, or lets go of, the lock that a non-persistent image ends with. */
  own(serial: bigint, dir: string, persist: boolean): void;
}

export interface StageStart {
  readonly name: string;
  readonly serial: bigint;
  readonly existing: boolean;
  /** Where its files are now. */
  readonly dir: string;
  readonly home: string;
  readonly cgroup: CgroupAt | undefined;
  /** How many processes it may have, by who says so, as its plan will say. */
  readonly most: Map<string, number>;
  /** What its plan says, where it has one. */
  readonly entry: Entry | undefined;
  /** Rises with every stage of this boot. */
  readonly edit: bigint;
  readonly lock: FileLock;
}

const fileName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,100}$/;

/** An image being made or changed; see {@link Stage}. Until `publish`, what an existing image's stage writes is beside the old files. */
export class LinuxStage implements Stage {
  readonly name: string;
  readonly serial: bigint;
  readonly home: string;
  readonly cgroup: CgroupAt | undefined;
  readonly #host: StageHost;
  readonly #start: StageStart;
  #dir: string;
  #published = false;

  constructor(host: StageHost, start: StageStart) {
    this.#host = host;
    this.#start = start;
    this.#dir = start.dir;
    this.name = start.name;
    this.serial = start.serial;
    this.home = start.home;
    this.cgroup = start.cgroup;
  }

  /** Where its files are now. */
  get dir(): string {
    return this.#dir;
  }

  /** What its plan said when the stage was opened; undefined for a new image. */
  get entry(): Entry | undefined {
    return this.#start.entry;
  }

  /** See {@link StageStart.most}. */
  get most(): Map<string, number> {
    return this.#start.most;
  }

  /** The descriptor of the image's lock. */
  get lockFd(): number {
    return this.#start.lock.fd;
  }

  get #journalPath(): string {
    return `${this.#dir}/journal`;
  }

  journal(component: string, entry: Pairs): void {
    writeNote(this.#journalPath, { component, edit: this.#start.edit, entry });
  }

  journalled(component: string): readonly Pairs[] {
    return readNotes(this.#journalPath).flatMap((note) => (note.component === component ? [note.entry] : []));
  }

  settle(component: string, entries: readonly Pairs[]): void {
    const before = readNotes(this.#journalPath);
    const kept = before.filter((note) => note.component !== component);
    const known = new Map(before.filter((note) => note.component === component).map((note) => [JSON.stringify(note.entry), note.edit]));
    const notes = entries.map((entry) => ({ component, entry, edit: known.get(JSON.stringify(entry)) ?? this.#start.edit }));
    writeNotes(this.#journalPath, [...kept, ...notes]);
  }

  file(component: string, name: string, content: string): string {
    if (!fileName.test(component) || !fileName.test(name)) throw new VimageError('EINVAL', `${JSON.stringify(name)} is no file name`, { subject: name });
    const dir = `${this.#dir}/${component}`;
    needDir(dir, 0o755);
    const path = `${dir}/${name}${this.#start.existing ? this.#suffix : ''}`;
    unlink(path);
    writeNew(path, Buffer.from(content), 0o644);
    // Whatever the umask: users of the image read it where it is bound.
    door('chmod', () => chmodSync(path, 0o644));
    return `${this.home}/${component}/${name}`;
  }

  get #suffix(): string {
    return `.~${this.#start.edit}`;
  }

  publish(image: StoredImage, plan: readonly PlanStep[]): Awaitable<void> {
    const bytes = encodePlan(image, plan, this.#start);
    const pairs = encodePairs(image.pairs);
    const newView = this.#start.existing && decodePlan(bytes, 'plan').view !== this.#start.entry?.view;
    const published: Published = { persist: image.persist, childrenMax: childrenMaxOf(image.pairs), newView, starting: image.starting === true };
    const registry = givenRegistry(plan, this.serial);
    return this.#host.run(() => {
      if (newView && hasInside(this.#host.registryInside(this.serial))) throw holdsImages(this.name);
      // Whoever enters first pins the view: the place for that has to be there.
      if (plan.some(({ verb, mode }) => isView(verb) && mode !== 'effective')) this.#host.needPins();
      if (registry !== undefined) this.#host.giveRegistry(this.serial, registry, published.childrenMax);
      this.#host.begin();
      try {
        if (this.#start.existing) this.#publishChange(bytes, pairs, published);
        else this.#publishNew(bytes, pairs, published);
      } finally {
        this.#host.changed(this.serial, this.#published ? bytes : undefined);
        this.#host.bump();
      }
    });
  }

  #publishNew(plan: Uint8Array, pairs: Uint8Array, { persist, childrenMax, starting }: Published): void {
    if (starting) writeNew(`${this.#dir}/${startingMark}`, new Uint8Array());
    writeNew(`${this.#dir}/pairs`, pairs);
    writeNew(`${this.#dir}/plan`, plan);
    this.#sayLimit(childrenMax);
    this.#host.settlePins(false);
    try {
      rename(this.#dir, this.home);
    } catch (error) {
      if (error instanceof VimageError && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')) {
        throw new VimageError('EEXIST', `there is an image "${this.name}" already`, { subject: this.name, hint: 'choose another name, or destroy that one', cause: error });
      }
      throw error;
    }
    this.#dir = this.home;
    this.#published = true;
    this.#host.own(this.serial, this.#dir, persist);
  }

  /** The rename of the plan is the moment: before it the old image stands, after it the new one, whoever dies when. */
  #publishChange(plan: Uint8Array, pairs: Uint8Array, { persist, childrenMax, newView }: Published): void {
    const removing = readdirSync(this.#dir).includes(removingPlan);
    if (!persist) this.#host.own(this.serial, this.#dir, false);
    writeNew(`${this.#dir}/pairs${this.#suffix}`, pairs);
    // Before the moment, so that it is never left to one that is killed after it or fails; and after it, for whoever has made one by the old plan meanwhile.
    if (newView) this.#host.remakeView(this.serial);
    this.#host.settlePins(false);
    replace(`${this.#dir}/${removing ? removingPlan : 'plan'}`, plan);
    this.#published = true;
    try {
      if (newView) this.#host.remakeView(this.serial);
      rollForward(this.#dir, this.#start.edit);
      if (persist) this.#host.own(this.serial, this.#dir, true);
      this.#sayLimit(childrenMax);
    } catch {
      // It has happened all the same: readers know where its files are, and gc gives them their names.
    }
  }

  #sayLimit(childrenMax: number): void {
    const registry = this.#host.registryInside(this.serial);
    if (registry !== undefined) writeLimit(registry, childrenMax);
  }

  async abort(): Promise<void> {
    await this.#host.during(async () => {
      try {
        this.#host.settlePins(true);
        if (this.#start.existing) {
          if (!this.#published) dropEdits(this.#dir, undefined);
          return;
        }
        await this.#host.discard(this.serial, this.cgroup, this.#dir);
        this.#host.own(this.serial, this.#dir, true);
        if (this.#published) this.#host.begin();
        removeTree(this.#dir);
        if (this.#published) this.#host.bump();
      } finally {
        this.release();
      }
    });
  }

  release(): void {
    this.#start.lock.close();
  }
}

/** What is said of an image besides its plan and pairs. */
interface Published {
  readonly persist: boolean;
  readonly childrenMax: number;
  readonly starting: boolean;
  /** It has another mount view than it had. */
  readonly newView: boolean;
}

/** Their namespaces are kept by a mount in the view that there is. */
function holdsImages(name: string): VimageError {
  return new VimageError('EBUSY', `"${name}" would get another mount view, and images were made inside it, which stand in the one it has`, {
    subject: name, hint: `destroy those first: imgctl exec ${name} -- imgctl ls`,
  });
}

/** Files `NAME.~EDIT` of an image, and of its components. */
function edits(dir: string): readonly { readonly path: string; readonly target: string; readonly edit: string }[] {
  return (ifThere(() => readdirSync(dir, { withFileTypes: true })) ?? []).flatMap((item) => {
    if (item.isDirectory() && item.name !== 'img') return edits(`${dir}/${item.name}`);
    const [, name, edit] = /^(.*)\.~(\d+)$/.exec(item.name) ?? [];
    return name === undefined || edit === undefined ? [] : [{ path: `${dir}/${item.name}`, target: `${dir}/${name}`, edit }];
  });
}

/** Gives the files of a published edit their names. A component's file keeps its inode: it may be bound somewhere. True when there was one. */
export function rollForward(dir: string, edit: bigint): boolean {
  let any = false;
  for (const each of edits(dir)) {
    if (each.edit !== String(edit)) continue;
    any = true;
    const bytes = each.target === `${dir}/pairs` ? undefined : ifThere(() => (readFileSync(each.target), readFileSync(each.path)));
    if (bytes === undefined) rename(each.path, each.target);
    else {
      overwrite(each.target, bytes);
      unlink(each.path);
    }
  }
  return any;
}

/** Removes the files of edits that were never published: all but `published`. True when there was one. */
export function dropEdits(dir: string, published: bigint | undefined): boolean {
  let any = false;
  for (const each of edits(dir)) {
    if (each.edit === String(published)) continue;
    any = true;
    unlink(each.path);
  }
  return any;
}

/** Removes the directory of an image among the dying; the plan goes first, so that whoever comes upon half of it knows what it is. */
export function removeEntry(dir: string): void {
  const items = ifThere(() => readdirSync(dir, { withFileTypes: true })) ?? [];
  const isPlan = (name: string): boolean => name === 'plan' || name === removingPlan;
  for (const item of [...items].sort((a, b) => Number(isPlan(b.name)) - Number(isPlan(a.name)))) {
    if (item.isDirectory()) removeTree(`${dir}/${item.name}`);
    else unlink(`${dir}/${item.name}`);
  }
  removeDir(dir);
}
