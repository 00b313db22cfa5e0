import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { VimageError, codeOf } from '@vimage/core';
import type { Awaitable, DamagedImage, EndOptions, GiveBack, Holder, ProcessInfo, Snapshot, SpawnRequest, Stage, Standing, StoredImage, Substrate } from '@vimage/core';
import { serialOf, topCgroup } from './cgroup.ts';
import type { CgroupAt } from './cgroup.ts';
import { door } from './door.ts';
import { collect } from './gc.ts';
import { scrapEntry } from './scrap.ts';
import { imgexecCall, imgexecPath } from './imgexec.ts';
import { removeTops, withLimit } from './limit.ts';
import { LinuxMachine } from './machine.ts';
import type { Named } from './machine.ts';
import { endAll } from './process/end.ts';
import { member, memberPids, members, needCgroup, signalNumber } from './process/members.ts';
import { oneEnded } from './process/pidfd.ts';
import { findHolders, unseen } from './refs.ts';
import { cgroupAt } from './registry/entry.ts';
import { FileLock } from './registry/lock.ts';
import { encodeNote } from './registry/note.ts';
import { parentName } from './registry/paths.ts';
import { readAll } from './registry/read.ts';
import { bootId, checkRoot, readCount } from './registry/root.ts';
import { LinuxStage } from './registry/stage.ts';
import type { StageHost } from './registry/stage.ts';
import { emptyCgroup, hidePlan, readPlan, retireEntry } from './retire.ts';
import type { RetireHost } from './retire.ts';
import { ifThere, makeDir, needDir, removeTree, unlink, writeAll } from './sys/file.ts';
import { execve } from './sys/process.ts';
import { needRights } from './sys/rights.ts';
import { watchRegistry } from './watch.ts';

declare module '@vimage/core' {
  interface SubstrateTypes {
    readonly child: ChildProcess;
  }
}

/** The registry under /run/vimage, the kernel's namespaces, and imgexec. One for each kernel: it remembers what its kernel knows. */
export class LinuxSubstrate extends LinuxMachine implements Substrate {
  readonly name = 'linux';
  /** The generation that `load` gave out, and the one which that has become by what this process itself did since. */
  #given: string | undefined;
  #current: bigint | undefined = -1n;
  /** Where to find images being made, by serial. */
  readonly #staged = new Map<bigint, LinuxStage>();
  readonly #owners = new Map<bigint, FileLock>();

  open(): Standing {
    needRights();
    checkRoot(this.layout.root);
    const own = this.cgroups?.own;
    return { cimg: own === undefined ? undefined : serialOf(own) };
  }

  lock(): Promise<AsyncDisposable> {
    return this.root.take();
  }

  async load(generation?: string): Promise<Snapshot | undefined> {
    checkRoot(this.layout.root);
    const before = this.#count();
    if (generation !== undefined && generation === this.#given && before === this.#current && before !== -1n) return undefined;
    const changing = before !== undefined && before !== -1n && (before & 1n) === 1n;
    const snapshot = changing && !this.root.held ? undefined : this.#read(before);
    if (snapshot !== undefined && (this.root.held || this.#count() === before)) return snapshot;
    // Being changed, or changed while it was read.
    return this.root.during(async () => this.#read(this.#count()));
  }

  #read(count: bigint | undefined): Snapshot {
    const { images, damaged } = count === undefined ? { images: [], damaged: [] } : readAll(this.layout);
    this.#current = count;
    this.#given = `${bootId()}.${count ?? 'none'}`;
    return { generation: this.#given, images: images.map(({ stored }) => stored), damaged };
  }

  /** The registry's generation; undefined when there is none, or none of this boot; -1 when it cannot be told. */
  #count(): bigint | undefined {
    const count = readCount(this.layout);
    if (count === undefined) return existsSync(this.layout.root) ? -1n : undefined;
    return count.boot === bootId() ? count.generation : undefined;
  }

  /** EBUSY unless the root lock is held, or free. */
  serial(): bigint {
    return this.root.now(() => this.root.serial());
  }

  stage(image: Pick<StoredImage, 'name' | 'serial' | 'persist'>, existing: boolean): Awaitable<LinuxStage> {
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
      lock = FileLock.try(`${dir}/lock`, true);
      if (lock === undefined) throw new VimageError('EBUSY', `${dir} is locked`, { subject: name });
      writeAll(lock.fd, encodeNote(name, serial, cgroup), lock.path, 0);
    } catch (error) {
      lock?.close();
      removeTree(dir);
      throw error;
    }
    const stage = new LinuxStage(this.#stageHost, { name, serial, existing: false, dir, home, cgroup, edit: serial, lock });
    this.#staged.set(serial, stage);
    return stage;
  }

  async #stageExisting({ name, serial }: Named): Promise<LinuxStage> {
    const dir = this.#dirOf({ name, serial });
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
      const plan = readPlan(dir);
      if (plan?.image.serial !== serial) throw gone(name);
      const edit = await this.root.run(() => this.root.serial());
      const stage = new LinuxStage(this.#stageHost, { name, serial, existing: true, dir, home: dir, cgroup: plan.cgroup, edit, lock });
      this.#staged.set(serial, stage);
      return stage;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** The directory of an image that the registry has, by name or among the dying. ESRCH. */
  #dirOf({ name, serial }: Named): string {
    const dying = this.layout.dying(serial);
    if (existsSync(dying)) return dying;
    return this.layout.image(name);
  }

  home(image: Named): string {
    const dying = this.layout.dying(image.serial);
    return existsSync(dying) ? dying : this.layout.image(image.name);
  }

  #newCgroup(parent: string, serial: bigint): CgroupAt | undefined {
    if (parent === '') return this.cgroups === undefined ? undefined : withLimit(topCgroup(this.cgroups, serial));
    const above = ifThere(() => readPlan(this.layout.image(parent)))?.cgroup;
    return above === undefined ? undefined : cgroupAt(`${above.path}/${serial}`, above.kind, above.limit === undefined ? undefined : `${above.limit}/${serial}`);
  }

  cgroupOf(image: Named): CgroupAt | undefined {
    const stage = this.#staged.get(image.serial);
    return stage === undefined ? readPlan(this.#dirOf(image))?.cgroup : stage.cgroup;
  }

  get #stageHost(): StageHost {
    return {
      run: (fn) => this.root.run(fn),
      during: (fn) => this.root.during(fn),
      begin: () => { this.root.begin(); },
      bump: () => this.#bump(),
      discard: (serial, cgroup) => this.#discard(serial, cgroup),
      own: (serial, dir, persist) => this.#own(serial, dir, persist),
    };
  }

  #bump(): void {
    try {
      const { from, to } = this.root.bump();
      if (this.#current === from) this.#current = to;
    } catch {
      // What has happened stays so. The generation is left odd, and whoever takes the lock next says it.
      this.#current = -1n;
    }
  }

  async #discard(serial: bigint, cgroup: CgroupAt | undefined): Promise<void> {
    this.#staged.delete(serial);
    await emptyCgroup(cgroup, String(serial));
    this.runningPinner?.unpin(serial);
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

  doom(image: StoredImage): Awaitable<void> {
    return this.root.run(() => {
      this.root.begin();
      try {
        hidePlan(this.#dirOf(image));
      } finally {
        this.#bump();
      }
    });
  }

  retire(image: StoredImage, stage: Stage, shared = false): Promise<boolean> {
    return this.root.during(async () => {
      try {
        return await retireEntry(stage instanceof LinuxStage ? stage.dir : this.#dirOf(image), image.serial, shared, this.#retireHost);
      } finally {
        this.#staged.delete(image.serial);
        this.#owners.get(image.serial)?.close();
        this.#owners.delete(image.serial);
        await stage.release();
      }
    });
  }

  get #retireHost(): RetireHost {
    return {
      pinner: () => this.pinnerIfPins(),
      except: new Set(this.runningPinner === undefined ? [] : [this.runningPinner.pid]),
      pins: this.runningPinner?.ns,
      dying: (serial) => this.layout.dying(serial),
      begin: () => { this.root.begin(); },
      bump: () => this.#bump(),
    };
  }

  processes(image: StoredImage): readonly ProcessInfo[] {
    const plan = readPlan(this.#dirOf(image));
    return members(needCgroup(plan?.cgroup, image.name), plan?.joins.find(({ type, live }) => type === 'pid' && live)?.ino);
  }

  signal(image: StoredImage, pid: number, signal: string): void {
    const number = signalNumber(signal);
    using process = member(needCgroup(this.cgroupOf(image), image.name), pid, image.name);
    if (!process.signal(number)) throw new VimageError('ESRCH', `process ${pid} has just ended`, { subject: String(pid) });
  }

  /** Where no cgroup tells who they are, none is ended here: a component that can ends what is its own. */
  async end(image: StoredImage, { grace }: EndOptions): Promise<number> {
    const at = this.cgroupOf(image);
    return at === undefined ? 0 : endAll(at, grace, image.name, false);
  }

  emptied(image: StoredImage): Promise<void> {
    return oneEnded(memberPids(needCgroup(this.cgroupOf(image), image.name), false));
  }

  holders(image: StoredImage): readonly Holder[] {
    const dir = this.#dirOf(image);
    const plan = readPlan(dir);
    const own = plan?.joins.filter(({ pin }) => pin.startsWith(`${image.serial}/`)) ?? [];
    const found = findHolders({
      namespaces: new Set(own.map(({ type, ino }) => `${type}:[${ino}]`)),
      dir,
      cgroup: plan?.cgroup,
      firsts: plan?.cgroup === undefined,
      except: this.#retireHost.except,
      pins: this.#retireHost.pins ?? statSync(this.layout.mnt, { bigint: true, throwIfNoEntry: false })?.ino,
    });
    return found.length > 0 || image.state !== 'dying' || plan?.shared === true ? found : unseen(own);
  }

  scrap(image: DamagedImage, give: GiveBack, sharer: (serial: bigint) => string | undefined): Promise<readonly string[]> {
    return this.root.during(async () => {
      const dir = image.name.startsWith('dying/') ? `${this.layout.root}/${image.name}` : this.layout.image(image.name);
      const host = { ...this.#retireHost, staging: (serial: bigint) => this.layout.staging('', serial), serial: () => this.root.serial() };
      return scrapEntry(dir, image.name, host, give, sharer);
    });
  }

  async gc(give: GiveBack): Promise<readonly string[]> {
    if (checkRoot(this.layout.root) === undefined) return [];
    return this.root.during(async () => {
      const done = await collect(this.layout, this.#retireHost, this.cgroups, give);
      if (done.length > 0) this.#current = -1n;
      return done;
    });
  }

  /** Starts a program through imgexec; EOPNOTSUPP and worse are imgexec's to say, with exit status 125. */
  spawn(image: Named, request: SpawnRequest, stdio: StdioOptions = 'inherit'): ChildProcess {
    const { args, env } = imgexecCall(image.name, request);
    return door('spawn', () => spawn(imgexecPath(), [...args], { env, stdio }));
  }

  /** This process becomes imgexec, and then the program: the way out of `imgctl exec`. */
  execReplace(request: SpawnRequest, name: string): never {
    const { args, env } = imgexecCall(name, request);
    return execve(imgexecPath(), ['imgexec', ...args], env);
  }

  watch(changed: () => void): Disposable {
    return watchRegistry(this.layout, changed);
  }

  /** Lets go of everything; an empty registry is removed, with the pins' namespace. */
  async close(): Promise<void> {
    for (const lock of this.#owners.values()) lock.close();
    this.#owners.clear();
    try {
      if (checkRoot(this.layout.root) !== undefined && !this.root.held) await this.root.run(() => this.#removeEmpty());
    } finally {
      this.letGo();
      this.root.close();
    }
  }

  #removeEmpty(): void {
    const { images, damaged, staged } = readAll(this.layout);
    if (images.length + damaged.length + staged.length > 0) return;
    if (existsSync(this.layout.mnt) && !this.livePinner().close()) return;
    this.root.remove();
    removeTops(this.cgroups);
  }
}

function gone(name: string): VimageError {
  return new VimageError('ESRCH', `no image "${name}"`, { subject: name, hint: 'imgctl ls lists them; it may have just been removed' });
}

/** The Linux substrate. */
export function linux(): LinuxSubstrate {
  return new LinuxSubstrate();
}

/** The Linux substrate, for a component that works only there. EOPNOTSUPP: it is another. */
export function linuxOf(substrate: Substrate): LinuxSubstrate {
  if (substrate instanceof LinuxSubstrate) return substrate;
  throw new VimageError('EOPNOTSUPP', `this component works on Linux, and the substrate is "${substrate.name}"`, { subject: substrate.name });
}
