import type { ChildProcess, StdioOptions } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { VimageError } from '@vimage/core';
import type { Awaitable, DamagedImage, EndOptions, GiveBack, Holder, InsideImage, Pairs, PlanStep, ProcessInfo, Snapshot, SocketsEnd, SpawnRequest, Stage, Standing, StoredImage, Substrate, Thread } from '@vimage/core';
import { serialOf } from './cgroup.ts';
import { collect } from './gc.ts';
import { startProgram } from './crossing.ts';
import { scrapEntry } from './scrap.ts';
import { Threads } from './boundary/threads.ts';
import { imgexecCall, imgexecPath, onceCall } from './imgexec.ts';
import { removeTops } from './limit.ts';
import { readLimit } from './inside/given.ts';
import { readInside } from './inside/read.ts';
import { ImageFs } from './rooted/image-fs.ts';
import { LinuxStages } from './stages.ts';
import type { Named } from './machine.ts';
import { endAll } from './process/end.ts';
import { startImgexec } from './process/launched.ts';
import { member, members, signalNumber } from './process/members.ts';
import { nobody } from './process/membership.ts';
import type { Membership } from './process/membership.ts';
import { oneEnded } from './process/pidfd.ts';
import { findHolders, unseen } from './refs.ts';
import { endHolder, takeHolder } from './rootless.ts';
import type { Namespace } from './ns.ts';
import { oncePlan } from './registry/entry.ts';
import type { Join } from './registry/entry.ts';
import { NameHold } from './registry/hold.ts';
import { isHeld } from './registry/lock.ts';
import { readAll, startingMark } from './registry/read.ts';
import type { Found } from './registry/read.ts';
import { bootId, checkRoot, readCount } from './registry/root.ts';
import { readNotes } from './registry/journal.ts';
import { LinuxStage } from './registry/stage.ts';
import { hidePlan, membershipOf, retireEntry, visibly } from './retire.ts';
import type { RetireHost } from './retire.ts';
import { unlink } from './sys/file.ts';
import { execve } from './sys/process.ts';
import { needRights } from './sys/rights.ts';
import { watchRegistry } from './watch.ts';

declare module '@vimage/core' {
  interface SubstrateTypes {
    readonly child: ChildProcess;
    readonly stdio: StdioOptions;
    readonly fs: ImageFs;
  }
}

/** The registry under /run/vimage, the kernel's namespaces, and imgexec. One for each kernel: it remembers what its kernel knows. */
export class LinuxSubstrate extends LinuxStages implements Substrate {
  readonly name = 'linux';
  /** The generation that `load` gave out, and the one which that has become by what this process itself did since. */
  #given: string | undefined;
  #current: bigint | undefined = -1n;
  #threads: Threads | undefined;
  /** What the registry had when it was last read. */
  #found: readonly Found[] = [];

  open(): Standing {
    needRights();
    takeHolder(this.layout.root);
    checkRoot(this.layout.root);
    const own = this.cgroups?.own;
    return { cimg: own === undefined ? this.imageOf(process.pid) : serialOf(own), childrenMax: readLimit(this.layout.root) };
  }

  async lock(): Promise<AsyncDisposable> {
    const lock = await this.root.take();
    try {
      this.checkReach();
      return lock;
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  async load(generation?: string): Promise<Snapshot | undefined> {
    // Whoever holds the lock has looked.
    if (!this.root.held) checkRoot(this.layout.root);
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
    this.#found = images;
    this.know(images.map(({ entry }) => entry));
    this.#current = count;
    this.#given = `${bootId()}.${count ?? 'none'}`;
    return { generation: this.#given, images: images.map(({ stored }) => stored), damaged };
  }

  /** The registry's generation; undefined when there is none, or none of this boot; -1 when it cannot be told. */
  #count(): bigint | undefined {
    if (this.root.held) return this.root.generation;
    const count = readCount(this.layout);
    if (count === undefined) return existsSync(this.layout.root) ? -1n : undefined;
    return count.boot === bootId() ? count.generation : undefined;
  }

  /** Name of the image that has this namespace pinned, as of the last `load`. */
  pinnedBy(ns: Pick<Namespace, 'type' | 'ino' | 'id'>): string | undefined {
    const same = (join: Join): boolean => join.type === ns.type && (join.id !== undefined && ns.id !== undefined ? join.id === ns.id : join.ino === ns.ino);
    return this.#found.find(({ entry }) => entry.joins.some(same))?.stored.name;
  }

  /** What a component saved of each image that owns an instance of it. */
  savedBy(component: string): readonly Pairs[] {
    return readAll(this.layout).images.flatMap(({ stored }) => {
      const saved = stored.saved.get(component);
      return saved === undefined ? [] : [saved];
    });
  }

  /** EBUSY unless the root lock is held, or free. */
  serial(): bigint {
    return this.root.now(() => this.root.serial());
  }

  /** Who lives in an image; nobody when it is gone, whoever has its name now. */
  #members(image: StoredImage): Membership {
    const plan = this.planOf(image);
    return plan === undefined ? nobody : membershipOf(plan.cgroup, this.layout.root, this.dirOf(image));
  }

  protected get current(): bigint | undefined {
    return this.#current;
  }

  protected bump(): void {
    const { from, to } = this.root.bump();
    if (this.#current === from) this.#current = to;
  }

  doom(images: readonly StoredImage[]): Awaitable<void> {
    return this.root.run(() => {
      const places = images.map((image) => this.placeOf(image));
      for (const dir of places) readNotes(`${dir}/journal`);
      visibly(this.#changing, () => {
        for (const dir of places) hidePlan(dir);
      });
    });
  }

  hold(): NameHold {
    return new NameHold(this.layout, this.root);
  }

  isHeld(name: string): boolean {
    return isHeld(this.layout.hold(name));
  }

  started(image: StoredImage): Awaitable<void> {
    return this.root.run(() => {
      const mark = `${this.placeOf(image)}/${startingMark}`;
      visibly(this.#changing, () => { unlink(mark); });
    });
  }

  retire(image: StoredImage, stage: Stage, shared = false, wait = true): Promise<boolean> {
    return this.root.during(async () => {
      try {
        return await (stage instanceof LinuxStage
          ? retireEntry(stage.dir, image.serial, { shared, wait }, this.#retireHost, stage.entry)
          : retireEntry(this.placeOf(image), image.serial, { shared, wait }, this.#retireHost));
      } finally {
        this.forget(image.serial);
        await stage.release();
      }
    });
  }

  /** Tells of a change that others can see, before and after. */
  get #changing(): Pick<RetireHost, 'begin' | 'bump'> {
    return { begin: () => { this.root.begin(); }, bump: () => { this.bump(); } };
  }

  get #retireHost(): RetireHost {
    const running = this.runningPinner;
    return {
      pinner: () => this.pinnerIfPins(),
      except: new Set(running === undefined ? [] : [running.pid]),
      pins: running?.ns,
      inUse: (serial) => this.#threads?.workers.isBusy(serial) === true,
      root: this.layout.root,
      dying: (serial) => this.layout.dying(serial),
      ...this.#changing,
    };
  }

  processes(image: StoredImage): readonly ProcessInfo[] {
    const own = this.planOf(image)?.joins.find(({ type, mode }) => type === 'pid' && mode !== 'effective')?.ino;
    return members(this.#members(image), own);
  }

  signal(image: StoredImage, pid: number, signal: string): void {
    const number = signalNumber(signal);
    using process = member(this.#members(image), pid, image.name);
    if (!process.signal(number)) throw new VimageError('ESRCH', `process ${pid} has just ended`, { subject: String(pid) });
  }

  end(image: StoredImage, { grace }: EndOptions): Promise<number> {
    return endAll(this.#members(image), grace, image.name, false);
  }

  emptied(image: StoredImage): Promise<void> {
    return oneEnded(this.#members(image).pids(false));
  }

  holders(image: StoredImage): readonly Holder[] {
    const dir = this.placeOf(image);
    const plan = this.planOf(image);
    const own = plan?.joins.filter(({ pin }) => pin.startsWith(`${image.serial}/`)) ?? [];
    const found = findHolders({
      namespaces: new Set(own.map(({ type, ino }) => `${type}:[${ino}]`)),
      dir,
      sockets: image.state === 'dying' ? image.serial : undefined,
      members: membershipOf(plan?.cgroup, this.layout.root, dir),
      except: this.#retireHost.except,
      pins: this.#retireHost.pins ?? statSync(this.layout.mnt, { bigint: true, throwIfNoEntry: false })?.ino,
    });
    found.push(...(this.#threads?.workers.holders(image) ?? []));
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
      this.checkReach();
      const done = await collect(this.layout, this.#retireHost, this.cgroups, give);
      if (done.length > 0) this.#current = -1n;
      return done;
    });
  }

  /** Starts a program through imgexec; EOPNOTSUPP and worse are imgexec's to say, with exit status 125. */
  spawn(image: Named, request: SpawnRequest, stdio: StdioOptions = request.stdio ?? 'pipe'): ChildProcess {
    return startProgram(image, request, stdio, { plan: () => this.planOf(image), pinner: () => this.livePinner(), launcher: () => this.launcher() });
  }

  once(plan: readonly PlanStep[], request: SpawnRequest): ChildProcess {
    const { stdio = 'pipe' } = request;
    // imgexec goes on for a terminal's sake; else it becomes the command at once.
    const tty = request.tty ?? ownTerminal(stdio);
    return startImgexec(onceCall(oncePlan(plan), { ...request, tty }), stdio, tty ? undefined : this.launcher());
  }

  ended(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      child.once('exit', () => { resolve(); });
      child.once('error', () => { resolve(); });
    });
  }

  /** This process becomes imgexec, and then the program: the way out of `imgctl exec`. */
  execReplace(request: SpawnRequest, name: string): never {
    const { args, env } = imgexecCall(name, request);
    return execve(imgexecPath(), ['imgexec', ...args], env);
  }

  threads(base: Thread, components: readonly string[]): Threads {
    this.#threads = new Threads({
      registry: this.layout.root,
      generation: this.layout.generation,
      livePlan: (image) => (existsSync(`${this.layout.image(image.name)}/plan`) ? this.planOf(image) : undefined),
      pins: () => this.livePinner().pathOf('.'),
      watch: (changed) => watchRegistry(this.layout, changed, false),
    }, base, components);
    return this.#threads;
  }

  revoke(image: Named, sockets: SocketsEnd): Awaitable<void> {
    return this.#threads?.revoke(image, sockets);
  }

  inside({ serial }: Named): readonly InsideImage[] {
    const pinner = this.pinnerIfPins();
    const path = pinner?.registryInside(serial);
    return pinner === undefined || path === undefined ? [] : readInside(path, serial, pinner);
  }

  files({ name, serial }: Named): ImageFs {
    return new ImageFs({ name, serial });
  }

  callout(ms: number, expired: () => void): () => void {
    const timer = setTimeout(expired, ms);
    return () => { clearTimeout(timer); };
  }

  watch(changed: () => void): Disposable {
    return watchRegistry(this.layout, changed);
  }

  /** Lets go of everything; an empty registry is removed, with the pins' namespace. */
  async close(): Promise<void> {
    this.#threads?.close();
    this.disown();
    try {
      if (checkRoot(this.layout.root) === undefined) endHolder(this.layout.root);
      else if (!this.root.held) await this.root.run(() => this.#removeEmpty());
    } finally {
      this.letGo();
      this.root.close();
    }
  }

  #removeEmpty(): void {
    if (this.inView) return;
    const { images, damaged, staged } = readAll(this.layout);
    if (images.length + damaged.length + staged.length > 0) return;
    const pinner = this.pinnerIfPins();
    if (pinner === undefined) unlink(this.layout.mnt);
    else if (!pinner.close()) return;
    this.root.remove();
    removeTops(this.cgroups);
    endHolder(this.layout.root);
  }
}

/** Whether what is started has a terminal of ours as one of its standard descriptors. */
function ownTerminal(stdio: StdioOptions): boolean {
  const given = typeof stdio === 'string' ? [stdio, stdio, stdio] : stdio.slice(0, 3);
  return given.some((each, i) => {
    if (each === 'inherit') return isatty(i);
    if (typeof each === 'number') return isatty(each);
    return typeof each === 'object' && each !== null && 'isTTY' in each && each.isTTY === true;
  });
}

/** The Linux substrate. */
export function linux(): LinuxSubstrate {
  return new LinuxSubstrate();
}
