import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, constants, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvariantError, VimageError, codeOf } from '@vimage/core';
import { AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_TRUNC, SOCK_CLOEXEC, SOCK_SEQPACKET } from './abi/socket.ts';
import { door } from './door.ts';
import { imgexecPath } from './imgexec.ts';
import { Namespace, openPath } from './ns.ts';
import type { NsType } from './abi/ns.ts';
import { SysError, asSysError } from './sys/error.ts';
import { pollReadable, recv, send, socketpair } from './sys/socket.ts';

/** The two processes that are pid 1: of the view and of the image, by their numbers in our pid namespace. */
export interface InitPids {
  readonly view: number;
  readonly image: number;
}

/** The pid namespace in which an image's own are to be made: a pin of its parent. */
export interface OuterPid {
  readonly pin: string;
  readonly ino: bigint;
  readonly id: bigint | undefined;
}

const patience = 20_000;
const buffer: Buffer = Buffer.alloc(64 << 10);

/** `imgexec --serve`, our child in the pins' mount namespace: one question at a time, answered before the call returns. */
export class Pinner implements Disposable {
  readonly #child: ChildProcess;
  #socket: number;
  #root = -1;
  #ns = 0n;

  /** Starts it, and makes the pins' namespace where there is none. EPERM, ENOENT. */
  constructor() {
    const [ours, theirs] = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC);
    this.#socket = ours;
    try {
      this.#child = door('spawn', () => spawn(imgexecPath(), ['--serve'], { stdio: ['ignore', 'ignore', 'inherit', theirs], detached: true }));
      this.#child.on('error', () => undefined);
      this.#child.unref();
    } catch (error) {
      closeSync(ours);
      throw error;
    } finally {
      closeSync(theirs);
    }
    try {
      this.#ask('hello');
      this.#ns = statSync(`/proc/${this.pid}/ns/mnt`, { bigint: true }).ino;
      this.#root = openSync(`/proc/${this.pid}/root`, constants.O_DIRECTORY | O_PATH);
    } catch (error) {
      const cause = error instanceof VimageError || this.alive ? asSysError(error, 'imgexec --serve') : this.#ended('hello');
      this[Symbol.dispose]();
      throw cause;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get alive(): boolean {
    // Nothing is said that was not asked for: what is readable is its end.
    return this.#socket >= 0 && pollReadable([this.#socket], 0).length === 0;
  }

  /** Inode of the pins' mount namespace. */
  get ns(): bigint {
    return this.#ns;
  }

  /** Whether the pins' namespace is the one that is pinned at `mnt` (another process may have removed ours, when it was empty). */
  standsIn(mnt: string): boolean {
    const pinned = statSync(mnt, { bigint: true, throwIfNoEntry: false });
    return pinned !== undefined && pinned.ino === this.#ns && pinned.dev !== statSync(dirname(mnt), { bigint: true }).dev;
  }

  /** Pins an open namespace as `SERIAL/NAME`. EEXIST. */
  pin(serial: bigint, name: string, ns: Namespace): void {
    this.#ask('pin', String(serial), name, String(ns.fd));
  }

  /** Removes one pin, or all of an image; fine when there is none. */
  unpin(serial: bigint, name?: string): void {
    if (name === undefined) this.#ask('unpin', String(serial));
    else this.#ask('unpin', String(serial), name);
  }

  /** Makes the two pid namespaces of an image, imgexec pid 1 in both, and pins them as `view` and `pid`. */
  init(serial: bigint, cgroup: { readonly path: string; readonly kind: 'v1' | 'v2' } | undefined, outer?: OuterPid): InitPids {
    const where = outer === undefined ? [] : [outer.pin, String(outer.ino), outer.id === undefined ? '-' : String(outer.id)];
    const [view, image] = this.#ask('init', String(serial), cgroup?.path ?? '-', cgroup?.kind ?? 'v2', ...where);
    return { view: Number(view), image: Number(image) };
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
    if (this.#root < 0) throw new InvariantError('the pinner is closed');
    return `/proc/self/fd/${this.#root}/${serial}/${name}`;
  }

  #ask(...question: readonly string[]): readonly string[] {
    const what = question.slice(0, 3).join(' ');
    if (!this.alive) throw this.#ended(what);
    this.#unlessEnded(what, () => { send(this.#socket, Buffer.from(question.map((word) => `${word}\0`).join('')), MSG_NOSIGNAL); });
    const answer: string[] = [];
    for (;;) {
      const [kind, ...values] = this.#answer(what);
      if (kind === 'err') throw new SysError(`imgexec ${what}: ${values[1] ?? ''}`, Number(values[0]));
      answer.push(...values);
      if (kind === 'ok') return answer;
      if (kind !== 'more') throw new VimageError('EBADMSG', `imgexec --serve answered ${JSON.stringify(kind ?? '')} to "${what}"`);
    }
  }

  #answer(what: string): readonly string[] {
    if (pollReadable([this.#socket], patience).length === 0) {
      this.#end();
      throw new VimageError('ETIMEDOUT', `imgexec --serve did not answer "${what}" within ${patience / 1000} s`, {
        subject: what,
        hint: `it was ended; imgctl gc removes what it left (its process was ${this.#child.pid ?? 0})`,
      });
    }
    const length = this.#unlessEnded(what, () => recv(this.#socket, buffer, MSG_TRUNC | MSG_DONTWAIT)) ?? 0;
    if (length === 0) throw this.#ended(what);
    return buffer.toString('utf8', 0, length - 1).split('\0');
  }

  /** What a socket says whose other end has gone, with a question unread or not. */
  #unlessEnded<T>(what: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (['EPIPE', 'ECONNRESET'].includes(codeOf(error) ?? '')) throw this.#ended(what);
      throw error;
    }
  }

  #ended(what: string): VimageError {
    this.#end();
    return new VimageError('EIO', `imgexec --serve ended before it answered "${what}"`, { subject: what, hint: 'see what it printed; imgctl gc removes what it left' });
  }

  #end(): void {
    this[Symbol.dispose]();
    this.#child.kill('SIGKILL');
  }

  /** Ends it; the pins stay. */
  [Symbol.dispose](): void {
    for (const fd of [this.#socket, this.#root]) if (fd >= 0) closeSync(fd);
    this.#socket = -1;
    this.#root = -1;
  }
}

/** O_PATH has no name in Node. */
const O_PATH = 0o10000000;
