import { closeSync, constants, existsSync, openSync, statSync } from 'node:fs';
import { InvariantError, VimageError } from '@vimage/core';
import { Helper } from './helper.ts';
import { Namespace, openPath } from './ns.ts';
import type { NsType } from './abi/ns.ts';
import type { Room } from './inside/room.ts';
import { ownDir, registryPin } from './registry/paths.ts';
import { SysError, asSysError } from './sys/error.ts';
import type { RootOutside } from './users.ts';

/** The two processes that are pid 1: of the view and of the image, by their numbers in our pid namespace. */
export interface InitPids {
  readonly view: number;
  readonly image: number;
}

/** As uid_map, gid_map and setgroups of /proc/PID have them. */
export interface UserMaps {
  readonly uid: string;
  readonly gid: string;
  /** Whether setgroups(2) is permitted inside. */
  readonly setgroups: boolean;
}

/** The pid namespace in which an image's own are to be made: a pin of its parent. */
export interface OuterPid {
  readonly pin: string;
  readonly ino: bigint;
  readonly id: bigint | undefined;
}

/** `imgexec --serve`, our child in the pins' mount namespace. */
export class Pinner implements Disposable {
  readonly #helper: Helper;
  #root = -1;
  #ns = 0n;

  /** Starts it, and makes the pins' namespace where there is none. EPERM, ENOENT. */
  constructor() {
    this.#helper = new Helper('--serve');
    try {
      this.#ask('hello');
      this.#ns = statSync(`/proc/${this.pid}/ns/mnt`, { bigint: true }).ino;
      this.#root = openSync(`/proc/${this.pid}/root`, constants.O_DIRECTORY | O_PATH);
    } catch (error) {
      const cause = error instanceof VimageError || this.alive ? asSysError(error, 'imgexec --serve') : this.#helper.ended('hello');
      this[Symbol.dispose]();
      throw cause;
    }
  }

  get pid(): number {
    return this.#helper.pid;
  }

  /** Not ended by us, nor seen to have ended. */
  get running(): boolean {
    return this.#helper.running;
  }

  get alive(): boolean {
    return this.#helper.alive;
  }

  /** Whether {@link settle} has an error to tell. */
  get failed(): boolean {
    return this.#helper.failed;
  }

  /** Inode of the pins' mount namespace. */
  get ns(): bigint {
    return this.#ns;
  }

  /** Pins an open namespace as `SERIAL/NAME`, both to stay open until {@link settle}, which has the error. `lock`: see {@link init}. EEXIST. */
  pin(serial: bigint, name: string, ns: Namespace, lock?: number): void {
    this.#helper.post([...under(lock), 'pin', String(serial), name, String(ns.fd)], `pin ${serial} ${name}`);
  }

  /** Removes one pin, or all of an image; fine when there is none. {@link settle} has the error. */
  unpin(serial: bigint, name?: string): void {
    this.#helper.post(['unpin', String(serial), ...(name === undefined ? [] : [name])], name === undefined ? `unpin ${serial}` : `unpin ${serial} ${name}`);
  }

  /** As {@link unpin}, done when this returns. */
  remove(serial: bigint, name?: string): void {
    this.unpin(serial, name);
    this.settle();
  }

  /** Waits until what was asked for is done. */
  settle(): void {
    this.#helper.settle();
  }

  /**
   * Makes the two pid namespaces of an image, imgexec pid 1 in both, and pins them as `view` and `pid`. `where`: the cgroup that
   * they enter, or the image's directory, in which they are written down. `lock`: a descriptor of ours; imgexec has it too while it
   * works, so that nobody else does when we are killed meanwhile.
   */
  init(serial: bigint, where: { readonly path: string; readonly kind: 'v1' | 'v2' | 'dir' }, lock?: number, outer?: OuterPid): InitPids {
    const inside = outer === undefined ? [] : [outer.pin, String(outer.ino), outer.id === undefined ? '-' : String(outer.id)];
    const [view, image] = this.#ask(...under(lock), 'init', String(serial), where.path, where.kind, ...inside);
    return { view: Number(view), image: Number(image) };
  }

  /**
   * Makes a user namespace (inside `outer`) with these maps, lines of user_namespaces(7), and pins it as `user`. EPERM, EINVAL: the
   * kernel does not take the maps.
   */
  users(serial: bigint, maps: UserMaps, outer?: Namespace, lock?: number): void {
    const around = outer === undefined ? [] : [String(outer.fd)];
    this.#ask(...under(lock), 'users', String(serial), maps.setgroups ? 'allow' : 'deny', maps.uid, maps.gid, ...around);
  }

  /** Makes the file system of a registry for those who will live in an image, whose root is that user, or gives the one there is another size, unless more is used. */
  giveRegistry(serial: bigint, root: RootOutside, room: Room, lock?: number): void {
    this.#ask(...under(lock), 'registry', String(serial), String(root.uid), String(root.gid), String(room.bytes), String(room.inodes));
  }

  /** Makes an empty tmpfs as `SERIAL/shm`; {@link settle} has the error. EEXIST. */
  shm(serial: bigint, lock?: number): void {
    this.#helper.post([...under(lock), 'shm', String(serial)], `shm ${serial}`);
  }

  /** The registry of those who live in an image; undefined where it has none. Everything in it is theirs. */
  registryInside(serial: bigint): string | undefined {
    const path = `${this.pathOf(registryPin(serial))}/${ownDir}`;
    return existsSync(path) ? path : undefined;
  }

  /**
   * Calls `fn` with the registry inside image `inner`, which was made inside image `outer` of the registry whose pins are in `from` (undefined: ours). undefined
   * where that cannot be found. ETIMEDOUT: what is in the way answers nobody.
   */
  lookInside<T>(from: number | undefined, outer: bigint, inner: bigint, fn: (path: string, pins: number) => T): T | undefined {
    let found: readonly string[];
    try {
      found = this.#ask('look', from === undefined ? '-' : String(from), String(outer), String(inner));
    } catch (error) {
      if (!(error instanceof SysError) || error.code === 'ETIMEDOUT') throw error;
      return undefined;
    }
    const [own = '', pins = ''] = found;
    try {
      return fn(`/proc/${this.pid}/fd/${own}`, Number(pins));
    } finally {
      for (const each of found) this.#ask('drop', each);
    }
  }

  /** `SERIAL/NAME` of every pin. */
  list(): readonly string[] {
    return this.#ask('list');
  }

  /** Unpins the namespace itself. False when there are pins in it. */
  close(): boolean {
    try {
      this.#ask('close');
      return true;
    } catch (error) {
      if (error instanceof SysError && error.code === 'EBUSY') return false;
      throw error;
    }
  }

  /** Opens a pin. ENOENT, ESTALE. */
  open(serial: bigint, name: string, type: NsType): Namespace {
    return openPath(this.path(serial, name), type);
  }

  /** How this process names a pin. */
  path(serial: bigint, name: string): string {
    return this.pathOf(`${serial}/${name}`);
  }

  /** The same, of `SERIAL/NAME`. */
  pathOf(pin: string): string {
    if (this.#root < 0) throw new InvariantError('the pinner is closed');
    this.#helper.finish();
    return `/proc/self/fd/${this.#root}/${pin}`;
  }

  #ask(...question: readonly string[]): readonly string[] {
    const what = question.slice(question[0] === 'lock' ? 2 : 0).slice(0, 3).join(' ');
    const answer: string[] = [];
    for (let { kind, values } = this.#helper.ask(question, what); ; { kind, values } = this.#helper.more(what)) {
      answer.push(...values);
      if (kind === 'ok') return answer;
      if (kind !== 'more') throw new VimageError('EBADMSG', `imgexec --serve answered ${JSON.stringify(kind)} to "${what}"`);
    }
  }

  /** Ends it; the pins stay. */
  [Symbol.dispose](): void {
    this.#helper[Symbol.dispose]();
    if (this.#root >= 0) closeSync(this.#root);
    this.#root = -1;
  }
}

function under(lock: number | undefined): readonly string[] {
  return lock === undefined ? [] : ['lock', String(lock)];
}

/** O_PATH has no name in Node. */
const O_PATH = 0o10000000;
