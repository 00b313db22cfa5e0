import {
  VimageError, type ChildOf, type DamagedImage, type EndOptions, type GiveBack, type Hold, type Holder, type Pairs, type PlanStep, type ProcessInfo, type Snapshot,
  type SpawnRequest, type Stage, type Standing, type StoredImage, type Substrate,
} from '@vimage/core';

/** A registry that several {@link MemorySubstrate}s share, as processes share a machine. */
export class MemoryMachine {
  readonly images: Map<bigint, StoredImage> = new Map();
  readonly plans: Map<bigint, readonly PlanStep[]> = new Map();
  readonly processes: Map<bigint, ProcessInfo[]> = new Map();
  readonly journals: Map<bigint, Map<string, Pairs[]>> = new Map();
  readonly files: Map<string, string> = new Map();
  readonly damaged: DamagedImage[] = [];
  /** Serials with a stage open. */
  readonly staged: Set<bigint> = new Set();
  readonly watchers: Set<() => void> = new Set();
  /** What components of tests acquired and have not given back. */
  readonly resources: Set<string> = new Set();
  /** Names that are held, by who runs programs for such an image, and who waits for each. */
  readonly holds: Map<string, (() => void)[]> = new Map();
  locked = false;
  generation = 0;
  lastSerial = 0n;

  changed(): void {
    this.generation += 1;
    for (const watcher of this.watchers) watcher();
  }
}

/**
 * The recording twin of a substrate: a machine in memory. It notes every call in `calls`, and throws EIO instead of doing
 * the n-th one when `failAt` is n (from 0), which proves that every undo path is complete.
 */
export class MemorySubstrate implements Substrate {
  readonly name = 'memory';
  readonly machine: MemoryMachine;
  readonly calls: string[] = [];
  failAt: number | undefined;
  /** Serial of the image that this "process" lives in. */
  cimg: bigint | undefined;
  #lockHeld = false;

  constructor(machine: MemoryMachine = new MemoryMachine()) {
    this.machine = machine;
  }

  /** Notes a call; throws EIO when it is the one that has to fail. Components of tests call it for their own acts. */
  call(what: string): void {
    const index = this.calls.push(what) - 1;
    if (index === this.failAt) throw new VimageError('EIO', `${what} fails, as the test asked`, { subject: what });
  }

  open(): Standing {
    this.call('open');
    return { cimg: this.cimg };
  }

  lock(): AsyncDisposable {
    this.call('lock');
    if (this.machine.locked) throw new VimageError('EBUSY', 'the root lock is held: a test runs two kernels at once');
    this.machine.locked = true;
    this.#lockHeld = true;
    return {
      [Symbol.asyncDispose]: () => {
        this.machine.locked = false;
        this.#lockHeld = false;
        return Promise.resolve();
      },
    };
  }

  load(generation?: string): Snapshot | undefined {
    this.call('load');
    const now = String(this.machine.generation);
    if (generation === now) return undefined;
    return { generation: now, images: [...this.machine.images.values()], damaged: [...this.machine.damaged] };
  }

  serial(): bigint {
    this.machine.lastSerial += 1n;
    return this.machine.lastSerial;
  }

  stage(image: Pick<StoredImage, 'name' | 'serial' | 'persist'>, existing: boolean): Stage {
    this.call(`stage ${image.name}`);
    this.#mustLock('stage');
    const { machine } = this;
    if (machine.staged.has(image.serial)) throw new VimageError('EBUSY', `image "${image.name}" is busy`);
    machine.staged.add(image.serial);
    const before = machine.images.get(image.serial);
    const plan = machine.plans.get(image.serial);
    const notes = machine.journals.get(image.serial) ?? new Map<string, Pairs[]>();
    machine.journals.set(image.serial, notes);
    const home = `/memory/${image.serial}`;
    return {
      home,
      journal: (component, entry) => {
        this.call(`journal ${component}`);
        notes.set(component, [...(notes.get(component) ?? []), entry]);
      },
      journalled: (component) => notes.get(component) ?? [],
      settle: (component, entries) => {
        this.call(`settle ${component}`);
        notes.set(component, [...entries]);
      },
      file: (component, name, content) => {
        this.call(`file ${component}/${name}`);
        const path = `${home}/${component}/${name}`;
        machine.files.set(path, content);
        return path;
      },
      publish: (stored, steps) => {
        this.call(`publish ${stored.name}`);
        machine.images.set(stored.serial, stored);
        machine.plans.set(stored.serial, steps);
        machine.changed();
      },
      release: () => {
        this.call('release');
        machine.staged.delete(image.serial);
      },
      abort: () => {
        machine.staged.delete(image.serial);
        if (before === undefined && !existing) {
          machine.images.delete(image.serial);
          machine.plans.delete(image.serial);
          machine.journals.delete(image.serial);
          for (const path of [...machine.files.keys()]) if (path.startsWith(`${home}/`)) machine.files.delete(path);
        } else if (before !== undefined) {
          machine.images.set(image.serial, before);
          if (plan !== undefined) machine.plans.set(image.serial, plan);
        }
        machine.changed();
      },
    };
  }

  home({ serial }: Pick<StoredImage, 'serial'>): string {
    return `/memory/${serial}`;
  }

  hold(): Hold {
    const { holds } = this.machine;
    const own = new Set<string>();
    const take = async (name: string, wait: boolean): Promise<boolean> => {
      while (!own.has(name)) {
        const waiting = holds.get(name);
        if (waiting === undefined) {
          holds.set(name, []);
          own.add(name);
        } else if (wait) await new Promise<void>((resolve) => waiting.push(resolve));
        else return false;
      }
      return true;
    };
    return {
      has: (name) => own.has(name),
      take,
      environment: (program) => ({ HELD: [...own].join(' '), PROGRAM: program }),
      [Symbol.dispose]: () => {
        for (const name of own) {
          const waiting = holds.get(name) ?? [];
          holds.delete(name);
          for (const resolve of waiting) resolve();
        }
        own.clear();
      },
    };
  }

  isHeld(name: string): boolean {
    return this.machine.holds.has(name);
  }

  started(image: StoredImage): void {
    this.call(`started ${image.name}`);
    this.#mustLock('started');
    this.machine.images.set(image.serial, { ...image, starting: false });
    this.machine.changed();
  }

  doom(images: readonly StoredImage[]): void {
    this.call(`doom ${images.map(({ name }) => name).join(' ')}`);
    this.#mustLock('doom');
    for (const image of images) this.machine.images.set(image.serial, { ...image, state: 'removing' });
    this.machine.changed();
  }

  retire(image: StoredImage, _stage: Stage, shared = false): boolean {
    this.call(`retire ${image.name}`);
    this.#mustLock('retire');
    const { machine } = this;
    machine.staged.delete(image.serial);
    machine.journals.delete(image.serial);
    if (shared) machine.images.set(image.serial, { ...image, state: 'dying' });
    else {
      machine.images.delete(image.serial);
      machine.plans.delete(image.serial);
      for (const path of [...machine.files.keys()]) if (path.startsWith(`/memory/${image.serial}/`)) machine.files.delete(path);
    }
    machine.changed();
    return !shared;
  }

  processes(image: StoredImage): readonly ProcessInfo[] {
    this.call(`processes ${image.name}`);
    return this.machine.processes.get(image.serial) ?? [];
  }

  signal(image: StoredImage, pid: number, signal: string): void {
    this.call(`signal ${pid} ${signal}`);
    if (!this.processes(image).some((each) => each.pid === pid)) throw new VimageError('ESRCH', `no process ${pid} in "${image.name}"`);
  }

  end(image: StoredImage, _options: EndOptions): number {
    this.call(`end ${image.name}`);
    if (this.#lockHeld && _options.grace > 0) throw new VimageError('EBUSY', 'the root lock is held during a grace period');
    const ended = this.machine.processes.get(image.serial)?.length ?? 0;
    this.machine.processes.delete(image.serial);
    return ended;
  }

  emptied(): Promise<void> {
    return Promise.resolve();
  }

  holders(image: StoredImage): readonly Holder[] {
    this.call(`holders ${image.name}`);
    return [];
  }

  scrap({ name }: DamagedImage): readonly string[] {
    this.call(`scrap ${name}`);
    this.#mustLock('scrap');
    const at = this.machine.damaged.findIndex((each) => each.name === name);
    if (at >= 0) this.machine.damaged.splice(at, 1);
    this.machine.changed();
    return [];
  }

  async gc(give: GiveBack): Promise<readonly string[]> {
    this.call('gc');
    const done: string[] = [];
    for (const [serial, notes] of this.machine.journals) {
      if (this.machine.images.has(serial)) continue;
      for (const [component, entries] of notes) done.push(...(await give(component, entries, `serial ${serial}`, serial)));
      this.machine.journals.delete(serial);
    }
    return done;
  }

  spawn(image: StoredImage, request: SpawnRequest): ChildOf {
    this.call(`spawn ${request.command} in ${image.name}`);
    throw new VimageError('EOPNOTSUPP', 'nothing runs on a machine in memory');
  }

  callout(ms: number, expired: () => void): () => void {
    const timer = setTimeout(expired, ms);
    return () => { clearTimeout(timer); };
  }

  watch(changed: () => void): Disposable {
    this.machine.watchers.add(changed);
    return { [Symbol.dispose]: () => void this.machine.watchers.delete(changed) };
  }

  close(): void {
    this.call('close');
  }

  #mustLock(what: string): void {
    if (!this.#lockHeld) throw new VimageError('EPERM', `${what} without the root lock`);
  }
}
