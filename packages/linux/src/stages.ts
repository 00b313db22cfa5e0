import { existsSync } from 'node:fs';
import { VimageError, codeOf } from '@vimage/core';
import type { Awaitable, StoredImage } from '@vimage/core';
import { topCgroup } from './cgroup.ts';
import type { CgroupAt } from './cgroup.ts';
import { withLimits } from './limit.ts';
import { roomFor } from './inside/room.ts';
import { LinuxMachine } from './machine.ts';
import type { Named } from './machine.ts';
import { cgroupAt, decodePlan } from './registry/entry.ts';
import type { Entry } from './registry/entry.ts';
import { FileLock } from './registry/lock.ts';
import { encodeNote } from './registry/note.ts';
import { parentName } from './registry/paths.ts';
import { LinuxStage } from './registry/stage.ts';
import type { StageHost } from './registry/stage.ts';
import { emptyImage, readPlan } from './retire.ts';
import { ifThere, makeDir, needDir, unlink, writeAll } from './sys/file.ts';
import { removeTree } from './sys/remove.ts';

/** An image, and in what state the caller knows it to be, under the root lock. */
type Placed = Named & Partial<Pick<StoredImage, 'state'>>;

/** Work on images, made or being made: where each is, under whose lock. */
export abstract class LinuxStages extends LinuxMachine {
  /** Where to find images being made, by serial. */
  readonly #staged = new Map<bigint, LinuxStage>();
  readonly #owners = new Map<bigint, FileLock>();
  /** Plans of images by serial, as of {@link current}. */
  readonly #plans = new Map<bigint, Entry | Uint8Array>();

  /** A change that others can see has been made. */
  protected abstract bump(): void;

  /** The generation of the registry that this process knows. */
  protected abstract get current(): bigint | undefined;

  /** The registry has been read. */
  protected know(entries: readonly Entry[]): void {
    this.#plans.clear();
    for (const entry of entries) this.#plans.set(entry.image.serial, entry);
  }

  /** What the plan of an image says; undefined when it has none, or another image has its name by now. Read once, as long as nobody else can have changed it. */
  protected planOf(image: Placed): Entry | undefined {
    const current = this.root.held && this.current === this.root.generation;
    const known = current ? this.#plans.get(image.serial) : undefined;
    if (known instanceof Uint8Array) {
      const entry = decodePlan(known, `${this.placeOf(image)}/plan`);
      this.#plans.set(image.serial, entry);
      return entry;
    }
    if (known !== undefined) return known;
    const place = this.placeOf(image);
    const plan = image.state === 'live' ? readPlan(place, true) : readPlan(place);
    if (plan?.image.serial !== image.serial) return undefined;
    if (current) this.#plans.set(image.serial, plan);
    return plan;
  }

  stage(image: Placed & Pick<StoredImage, 'persist'>, existing: boolean): Awaitable<LinuxStage> {
    return existing ? this.#stageExisting(image) : this.root.run(() => this.#stageNew(image));
  }

  #stageNew({ name, serial }: Named): LinuxStage {
    const parent = parentName(name);
    const home = this.layout.image(name);
    const dir = this.layout.staging(parent, serial);
    const cgroup = this.#newCgroup(parent, serial);
    try {
      makeDir(dir);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      if (parent !== '' && !existsSync(this.layout.image(parent))) throw new VimageError('ESRCH', `no image "${parent}"`, { subject: parent });
      needDir(this.layout.children(parent));
      makeDir(dir);
    }
    let lock: FileLock | undefined;
    try {
      lock = FileLock.fresh(`${dir}/lock`);
      if (lock === undefined) throw new VimageError('EBUSY', `${dir} is locked`, { subject: name });
      writeAll(lock.fd, encodeNote(name, serial, cgroup), lock.path, 0);
    } catch (error) {
      lock?.close();
      removeTree(dir);
      throw error;
    }
    const stage = new LinuxStage(this.#stageHost, { name, serial, existing: false, dir, home, cgroup, most: new Map(), entry: undefined, edit: serial, lock });
    this.#staged.set(serial, stage);
    return stage;
  }

  async #stageExisting(image: Placed): Promise<LinuxStage> {
    const { name, serial } = image;
    const dir = this.placeOf(image);
    const path = `${dir}/lock`;
    let lock = ifThere(() => FileLock.try(path, true));
    if (lock === undefined) {
      if (!existsSync(dir)) throw gone(name);
      if (this.root.held) {
        throw new VimageError('EBUSY', `"${name}" is being changed by another process`, { subject: name, hint: 'try again when it has finished' });
      }
      lock = await FileLock.wait(path, true);
    }
    try {
      const plan = this.planOf(image);
      if (plan === undefined) throw gone(name);
      const edit = await this.root.run(() => this.root.serial());
      const stage = new LinuxStage(this.#stageHost, { name, serial, existing: true, dir, home: dir, cgroup: plan.cgroup, most: new Map(plan.most), entry: plan, edit, lock });
      this.#staged.set(serial, stage);
      return stage;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** The directory of an image that the registry has, by name or among the dying. ESRCH. */
  protected placeOf({ name, serial, state }: Placed): string {
    if (this.root.held && (state === 'live' || state === 'removing')) return this.layout.image(name);
    const dying = this.layout.dying(serial);
    if (existsSync(dying)) return dying;
    return this.layout.image(name);
  }

  home(image: Placed): string {
    return this.placeOf(image);
  }

  #newCgroup(parent: string, serial: bigint): CgroupAt | undefined {
    if (parent === '') return this.cgroups === undefined ? undefined : withLimits(topCgroup(this.cgroups, serial));
    const above = ifThere(() => readPlan(this.layout.image(parent)))?.cgroup;
    return above === undefined ? undefined : cgroupAt(`${above.path}/${serial}`, above.kind, above.limits.map((limit) => `${limit}/${serial}`));
  }

  cgroupOf(image: Placed): CgroupAt | undefined {
    const stage = this.#staged.get(image.serial);
    return stage === undefined ? this.planOf(image)?.cgroup : stage.cgroup;
  }

  protected mostOf(image: Placed): Map<string, number> {
    return this.#staged.get(image.serial)?.most ?? new Map(this.planOf(image)?.most);
  }

  protected dirOf(image: Placed): string {
    return this.#staged.get(image.serial)?.dir ?? this.placeOf(image);
  }

  protected lockOf(serial: bigint): number | undefined {
    return this.#staged.get(serial)?.lockFd;
  }

  /** The registry of those who live in an image, from here; undefined where there is none, or the pins are out of reach. */
  protected registryInside(serial: bigint): string | undefined {
    return this.pinnerIfPins()?.registryInside(serial);
  }

  get #stageHost(): StageHost {
    return {
      run: (fn) => this.root.run(fn),
      during: (fn) => this.root.during(fn),
      begin: () => { this.root.begin(); },
      bump: () => this.bump(),
      changed: (serial, plan) => {
        if (plan === undefined) this.#plans.delete(serial);
        else this.#plans.set(serial, plan);
      },
      discard: (serial, cgroup, dir) => this.#discard(serial, cgroup, dir),
      needPins: () => { this.needPins(); },
      giveRegistry: (serial, root, childrenMax) => { this.livePinner().giveRegistry(serial, root, roomFor(childrenMax), this.lockOf(serial)); },
      registryInside: (serial) => this.registryInside(serial),
      settlePins: (quietly) => { this.#settlePins(quietly); },
      remakeView: (serial) => this.pinnerIfPins()?.remove(serial, 'mnt'),
      own: (serial, dir, persist) => this.#own(serial, dir, persist),
    };
  }

  async #discard(serial: bigint, cgroup: CgroupAt | undefined, dir: string): Promise<void> {
    this.#staged.delete(serial);
    await emptyImage({ cgroup, root: this.layout.root, dir, name: String(serial) });
    this.runningPinner?.remove(serial);
  }

  #settlePins(quietly: boolean): void {
    try {
      this.usedPinner?.settle();
    } catch (error) {
      if (!quietly) throw error;
    }
  }

  #own(serial: bigint, dir: string, persist: boolean): void {
    const held = this.#owners.get(serial);
    if (persist && held !== undefined) {
      unlink(`${dir}/owner`);
      held.close();
      this.#owners.delete(serial);
    }
    if (persist || held !== undefined) return;
    const lock = FileLock.try(`${dir}/owner`, true);
    if (lock !== undefined) this.#owners.set(serial, lock);
  }

  /** An image that is no more. */
  protected forget(serial: bigint): void {
    this.#staged.delete(serial);
    this.#plans.delete(serial);
    this.#owners.get(serial)?.close();
    this.#owners.delete(serial);
  }

  /** Images that live as long as this process, live no longer. */
  protected disown(): void {
    for (const lock of this.#owners.values()) lock.close();
    this.#owners.clear();
  }
}

function gone(name: string): VimageError {
  return new VimageError('ESRCH', `no image "${name}"`, { subject: name, hint: 'imgctl ls lists them; it may have just been removed' });
}
