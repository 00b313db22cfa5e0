import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { VimageError, codeOf } from '@vimage/core';
import { AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_TRUNC, SOCK_CLOEXEC, SOCK_SEQPACKET } from './abi/socket.ts';
import { door } from './door.ts';
import { imgexecPath } from './imgexec.ts';
import { SysError } from './sys/error.ts';
import { pollReadable, recv, send, socketpair } from './sys/socket.ts';
import { close } from './sys/libc.ts';

const patience = 20_000;
const buffer: Buffer = Buffer.alloc(64 << 10);

/** An answer: its first word, and the others. */
export interface Answer {
  readonly kind: string;
  readonly values: readonly string[];
}

/**
 * imgexec as a child that answers on a SEQPACKET socket, in messages of NUL-terminated strings: one question at a time, answered
 * before the call returns. It ends with the socket.
 */
export class Helper implements Disposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  /** Questions that were posted, and are not answered yet. */
  readonly #posted: string[] = [];
  /** The first error among the answers to them that {@link settle} has not told yet. */
  #failed: { readonly error: unknown } | undefined;
  #socket: number;

  /** `flag` is imgexec's: --serve, --launch. EPERM, ENOENT. */
  constructor(flag: string) {
    this.#name = `imgexec ${flag}`;
    const [ours, theirs] = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC);
    this.#socket = ours;
    try {
      this.#child = door('spawn', () => spawn(imgexecPath(), [flag], { stdio: ['ignore', 'ignore', 'inherit', theirs], detached: true }));
      this.#child.on('error', () => undefined);
      this.#child.unref();
    } catch (error) {
      close(ours);
      throw error;
    } finally {
      close(theirs);
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Not ended by us, nor seen to have ended. */
  get running(): boolean {
    return this.#socket >= 0;
  }

  get alive(): boolean {
    // Nothing is said that was not asked for: what is readable is its end.
    return this.#socket >= 0 && (this.#posted.length > 0 || pollReadable([this.#socket], 0).length === 0);
  }

  /** Asks; the first message of the answer. EIO: it has ended. ETIMEDOUT: it did not answer, and was ended. */
  ask(question: readonly string[], what: string): Answer {
    this.finish();
    this.#send(question, what);
    return this.more(what);
  }

  /** Asks what is answered in one message, without waiting: {@link settle} does. */
  post(question: readonly string[], what: string): void {
    this.#send(question, what);
    this.#posted.push(what);
  }

  /** Whether something posted went wrong that {@link settle} has not told yet. */
  get failed(): boolean {
    return this.#failed !== undefined;
  }

  /** Waits for what was posted. Who waits may be another than who posted: what went wrong is kept for {@link settle}. */
  finish(): void {
    while (this.#posted.length > 0) {
      const what = this.#posted.shift() ?? '';
      try {
        this.more(what);
      } catch (error) {
        this.#failed ??= { error };
      }
    }
  }

  /** Waits for what was posted; the first error among the answers. */
  settle(): void {
    this.finish();
    const failed = this.#failed;
    this.#failed = undefined;
    if (failed !== undefined) throw failed.error;
  }

  #send(question: readonly string[], what: string): void {
    if (this.#socket < 0) throw this.ended(what);
    this.#unlessEnded(what, () => { send(this.#socket, Buffer.from(question.map((word) => `${word}\0`).join('')), MSG_NOSIGNAL); });
  }

  /** What a socket says whose other end has gone, with a question unread or not. */
  #unlessEnded<T>(what: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (['EPIPE', 'ECONNRESET'].includes(codeOf(error) ?? '')) throw this.ended(what);
      throw error;
    }
  }

  /** The next message of an answer. An answer `err` is a SysError. */
  more(what: string): Answer {
    if (pollReadable([this.#socket], patience).length === 0) {
      this.kill();
      throw new VimageError('ETIMEDOUT', `${this.#name} did not answer "${what}" within ${patience / 1000} s`, {
        subject: what,
        hint: `it was ended; imgctl gc removes what it left (its process was ${this.pid})`,
      });
    }
    const length = this.#unlessEnded(what, () => recv(this.#socket, buffer, MSG_TRUNC | MSG_DONTWAIT)) ?? 0;
    if (length === 0) throw this.ended(what);
    const [kind = '', ...values] = buffer.toString('utf8', 0, length - 1).split('\0');
    if (kind === 'err') throw new SysError(`imgexec ${what}${values[1] === undefined ? '' : `: ${values[1]}`}`, Number(values[0]));
    return { kind, values };
  }

  /** The error that it has ended before it answered; it is none of ours from now on. */
  ended(what: string): VimageError {
    this.kill();
    return new VimageError('EIO', `${this.#name} ended before it answered "${what}"`, { subject: what, hint: 'see what it printed; imgctl gc removes what it left' });
  }

  /** Ends it at once. */
  kill(): void {
    this[Symbol.dispose]();
    this.#child.kill('SIGKILL');
  }

  /** Lets it end. */
  [Symbol.dispose](): void {
    if (this.#socket >= 0) close(this.#socket);
    this.#socket = -1;
    this.#posted.length = 0;
  }
}
