import { closeSync, lstatSync, readFileSync, readSync, readdirSync, statSync } from 'node:fs';
import { InvariantError, VimageError } from '@vimage/core';
import type { Awaitable } from '@vimage/core';
import { readLimit } from '../inside/given.ts';
import { flockWait, tryFlock, unflock } from '../sys/flock.ts';
import { ifThere, needDir, openOwn, removeDir, stillNamed, unlink, writeAll } from '../sys/file.ts';
import { removeTree } from '../sys/remove.ts';
import { bootTime } from '../sys/process.ts';
import { sweepHolds } from './hold.ts';
import { mayHaveNone, ofRoot, sharedUsers, type Layout } from './paths.ts';

/** Checks that the registry is nobody's but ours: a directory, no symbolic link, mode 0700. EPERM; undefined when there is none. */
export function checkRoot(path: string): bigint | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const euid = BigInt(process.geteuid?.() ?? 0);
  // An ordinary user's is not where root of an image has his: there, somebody has put his own in its place.
  if (path === ofRoot && stat.uid !== euid && isOutsider(stat.uid)) {
    throw new VimageError('EPERM', `${path} is of somebody who is not among the users here`, { subject: path, hint: sharedUsers });
  }
  if (!stat.isDirectory() || stat.uid !== euid || (stat.mode & 0o7777n) !== 0o700n) {
    throw new VimageError('EPERM', `${path}: expected a directory of uid ${euid} with mode 0700`, {
      subject: path,
      hint: `if vimage made it, put that right (chown ${euid} ${path}; chmod 700 ${path}); if somebody else did, remove it when nothing needs it\n${mayHaveNone}`,
    });
  }
  return stat.ino;
}

/** Whether it may be somebody's who has no number in this user namespace: all those are shown as one. */
function isOutsider(uid: bigint): boolean {
  const all = readFileSync('/proc/self/uid_map', 'latin1').trim().split(/\s+/).join(' ') === '0 0 4294967295';
  return !all && uid === BigInt(readFileSync('/proc/sys/kernel/overflowuid', 'latin1').trim());
}

/** What `generation` says: `BOOT GENERATION SERIAL`, of fixed width so that it is changed in place. */
export interface Count {
  readonly boot: string;
  /** Odd while something is being changed, and after a change whose maker died in it. */
  readonly generation: bigint;
  readonly serial: bigint;
}

const line = /^([0-9a-f-]{36}) (\d{20}) (\d{20})\n$/;
const bytes: Buffer = Buffer.alloc(80);

function parse(text: string): Count | undefined {
  const [, boot, generation, serial] = line.exec(text) ?? [];
  if (boot === undefined || generation === undefined || serial === undefined) return undefined;
  return { boot, generation: BigInt(generation), serial: BigInt(serial) };
}

let boot: string | undefined;

/** The kernel's name for this boot. */
export function bootId(): string {
  return (boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
}

/** What a registry says of its boot and generation, without locks; undefined when there is none. */
export function readCount(layout: Layout): Count | undefined {
  return ifThere(() => {
    if (statSync(layout.generation, { throwIfNoEntry: false }) === undefined) return undefined;
    return parse(readFileSync(layout.generation, 'latin1'));
  });
}

/**
 * The registry's root: its lock, and the counters that are changed under it. A registry of another boot is cleared when the lock is
 * first taken.
 */
export class Root {
  readonly layout: Layout;
  #lock = -1;
  #held = false;
  #file = -1;
  /** What `generation` says, while the lock is held; a serial that was given out since is not written yet where `#owed`. */
  #count: Count = { boot: '', generation: 0n, serial: 0n };
  #owed = false;
  /** Something has changed, or is about to. */
  #begun = false;
  #turn = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(layout: Layout) {
    this.layout = layout;
  }

  /** Whether this process holds the root lock. */
  get held(): boolean {
    return this.#held;
  }

  /** Rises each time the lock is taken: nobody else has changed anything since, while it is the same and the lock is held. */
  get turn(): number {
    return this.#turn;
  }


  /**
   * Runs a synchronous section under the root lock. Where this process holds the lock already nobody can come in between, as the
   * section has no await; else it is taken, waiting only when another process has it.
   */
  run<T>(fn: () => T): Awaitable<T> {
    if (this.#held) return fn();
    if (!this.#try()) return this.during(async () => fn());
    try {
      return fn();
    } finally {
      this.#release();
    }
  }

  /** As {@link run}, without waiting: EBUSY when another process has the lock. */
  now<T>(fn: () => T): T {
    if (this.#held) return fn();
    if (!this.#try()) throw new VimageError('EBUSY', 'another process is changing images', { subject: this.layout.root, hint: 'try again when it has finished' });
    try {
      return fn();
    } finally {
      this.#release();
    }
  }

  /** Runs `fn` under the root lock: the one that is held, or one taken for it. */
  async during<T>(fn: () => Promise<T>): Promise<T> {
    if (this.#held) return fn();
    const lock = await this.take();
    try {
      return await fn();
    } finally {
      await lock[Symbol.asyncDispose]();
    }
  }

  /** Takes the root lock until disposed, making the registry where there is none. */
  async take(): Promise<AsyncDisposable> {
    const before = this.#queue;
    let done: () => void = () => undefined;
    this.#queue = new Promise((resolve) => {
      done = resolve;
    });
    await before;
    try {
      if (!this.#try()) await this.#block();
    } catch (error) {
      done();
      throw error;
    }
    return {
      [Symbol.asyncDispose]: async () => {
        this.#release();
        done();
      },
    };
  }

  #try(): boolean {
    if (this.#held) return false;
    for (;;) {
      this.#open();
      if (!tryFlock(this.#lock)) return false;
      if (this.#taken()) return true;
    }
  }

  async #block(): Promise<void> {
    if (this.#held) throw new InvariantError('the root lock is waited for while it is held');
    for (;;) {
      // A descriptor of its own: a section may try the cached one while we wait.
      this.#drop();
      this.#open();
      const fd = this.#lock;
      this.#lock = -1;
      try {
        await flockWait(fd);
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      if (this.#held) throw new InvariantError('two hold the root lock');
      this.#drop();
      this.#lock = fd;
      if (this.#taken()) return;
    }
  }

  #open(): void {
    if (this.#lock >= 0) return;
    for (;;) {
      if (checkRoot(this.layout.root) === undefined) needDir(this.layout.root);
      checkRoot(this.layout.root);
      const fd = ifThere(() => openOwn(this.layout.lock, true));
      if (fd === undefined) continue;
      this.#lock = fd;
      return;
    }
  }

  /** After flock: whether it is still the registry's lock. Then a registry of another boot is cleared. */
  #taken(): boolean {
    if (!stillNamed(this.#lock, this.layout.lock)) {
      this.#drop();
      return false;
    }
    this.#held = true;
    try {
      if (this.#file < 0) this.#enter();
      const now = this.#read();
      this.#count = now?.boot === bootId() ? now : { boot: bootId(), generation: bootTime() & ~1n, serial: 0n };
      // Odd: who changed something last was killed before it could say so.
      if ((this.#count.generation & 1n) === 1n) this.#count = { ...this.#count, generation: this.#count.generation + 1n };
      this.#turn += 1;
      this.#begun = false;
      return true;
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #release(): void {
    try {
      this.#settle();
    } finally {
      this.#held = false;
      if (this.#lock >= 0) unflock(this.#lock);
    }
  }

  /** Writes what is owed. What has happened stays so: where it cannot be written, the generation is left odd. */
  #settle(): void {
    if (this.#file < 0 || !(this.#owed || this.#begun)) return;
    try {
      this.#write({ ...this.#count, generation: this.generation });
      this.#begun = false;
    } catch (error) {
      if (error instanceof InvariantError) throw error;
    }
  }

  #drop(): void {
    for (const fd of [this.#lock, this.#file]) if (fd >= 0) closeSync(fd);
    this.#lock = -1;
    this.#file = -1;
  }

  /** Makes what a registry has. Nothing of another boot can be alive, no process, no namespace, no lock: it goes. */
  #enter(): void {
    const was = readCount(this.layout);
    if (was !== undefined && was.boot !== bootId()) {
      const mnt = statSync(this.layout.mnt, { throwIfNoEntry: false });
      if (mnt !== undefined && mnt.dev !== statSync(this.layout.root).dev) {
        throw new VimageError('EBADMSG', `${this.layout.generation} names another boot, but ${this.layout.mnt} is mounted now`, {
          subject: this.layout.generation,
          hint: 'was the registry copied here? unmount that, and remove the registry',
        });
      }
      for (const name of readdirSync(this.layout.root)) if (name !== 'lock' && name !== 'generation') removeTree(`${this.layout.root}/${name}`);
      unlink(this.layout.generation);
    }
    for (const dir of [this.layout.children(''), this.layout.dyings]) needDir(dir);
    this.#file = openOwn(this.layout.generation, true);
  }

  #read(): Count | undefined {
    return parse(bytes.toString('latin1', 0, readSync(this.#file, bytes, 0, bytes.length, 0)));
  }

  /** Writes the counters, in place: one write(2). */
  #write(count: Count): Count {
    if (!this.#held) throw new InvariantError('the registry is changed without its lock');
    const text = `${count.boot} ${String(count.generation).padStart(20, '0')} ${String(count.serial).padStart(20, '0')}\n`;
    writeAll(this.#file, Buffer.from(text, 'latin1'), this.layout.generation, 0);
    this.#owed = false;
    return (this.#count = count);
  }

  /** Says that something is about to change, before anybody can see it: whoever reads meanwhile waits for the lock. */
  begin(): void {
    if (!this.#begun) this.#write({ ...this.#count, generation: this.#count.generation + 1n });
    this.#begun = true;
  }

  /**
   * The registry has changed: the generation it had when the lock was taken, and the one it has when it is given up. Until then it is
   * odd in the file; of one that is killed before, it stays odd, and whoever takes the lock next goes on from there.
   */
  bump(): { readonly from: bigint; readonly to: bigint } {
    this.begin();
    return { from: this.#base, to: this.generation };
  }

  /** The generation, for whoever holds the lock: one change further once it has changed something. */
  get generation(): bigint {
    if (!this.#held) throw new InvariantError('the registry is read without its lock');
    return this.#begun ? this.#base + 2n : this.#base;
  }

  get #base(): bigint {
    return this.#count.generation & ~1n;
  }

  /**
   * A number above every one given before on this boot: nanoseconds since boot, or one more than the last. It is written with the
   * next change, or when the lock is given up: whoever comes after a process that died before has a later time.
   */
  serial(): bigint {
    if (!this.#held) throw new InvariantError('a serial is given out without the lock');
    const now = bootTime();
    this.#count = { ...this.#count, serial: now > this.#count.serial ? now : this.#count.serial + 1n };
    this.#owed = true;
    return this.#count.serial;
  }

  /** Removes an empty registry, under the root lock: others find by the inode that their lock is of another one. False when it is not empty. */
  remove(): boolean {
    if (!this.#held) throw new InvariantError('the registry is removed without its lock');
    if (readdirSync(this.layout.children('')).length > 0 || readdirSync(this.layout.dyings).length > 0 || !sweepHolds(this.layout)) return false;
    removeDir(this.layout.children(''));
    removeDir(this.layout.dyings);
    unlink(this.layout.generation);
    unlink(this.layout.lock);
    // One that was given is not ours to remove.
    if (readLimit(this.layout.root) === undefined) removeDir(this.layout.root);
    this.#drop();
    return true;
  }

  close(): void {
    this.#drop();
    this.#held = false;
  }
}
