import { koffi } from '../sys/ffi.ts';
import { codeOf } from '@vimage/core';
import { pidfdOpen, pidfdSignal } from '../sys/process.ts';
import { pollReadable } from '../sys/socket.ts';
import { close } from '../sys/libc.ts';

/** As of a Node timer. */
export interface Watch {
  ref(): void;
  unref(): void;
  hasRef(): boolean;
}

/** A process, whatever becomes of its number. */
export class Pidfd implements Disposable {
  readonly pid: number;
  readonly #fd: number;
  #open = true;

  private constructor(pid: number, fd: number) {
    this.pid = pid;
    this.#fd = fd;
  }

  /** Undefined when there is no such process. */
  static open(pid: number): Pidfd | undefined {
    try {
      return new Pidfd(pid, pidfdOpen(pid));
    } catch (error) {
      // EINVAL: the number of a thread, not of a process.
      if (['ESRCH', 'EINVAL'].includes(codeOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  get fd(): number {
    return this.#fd;
  }

  /** Whether it has not ended (a zombie has). What was read of /proc/PID before this said true was this process's. */
  get alive(): boolean {
    return this.#open && pollReadable([this.#fd], 0).length === 0;
  }

  /** False when it has ended. EPERM. */
  signal(number: number): boolean {
    try {
      pidfdSignal(this.#fd, number);
      return true;
    } catch (error) {
      if (codeOf(error) === 'ESRCH') return false;
      throw error;
    }
  }

  /** Calls back once, when it has ended; returns the un-hook. With `idle`, waiting for it keeps no program from ending. */
  onEnd(ended: () => void, idle = false): () => void {
    let done = false;
    const poll = koffi.node.poll(this.#fd, { readable: true }, () => {
      stop();
      ended();
    });
    if (idle) poll.unref();
    const stop = (): void => {
      if (done) return;
      done = true;
      poll.close();
    };
    return stop;
  }

  /** Calls back once, when it has ended; keeps the program from ending meanwhile, unless told otherwise. */
  watch(ended: () => void): Watch {
    const poll = koffi.node.poll(this.#fd, { readable: true }, () => {
      poll.close();
      ended();
    });
    let held = true;
    return {
      ref: () => {
        held = true;
        poll.ref();
      },
      unref: () => {
        held = false;
        poll.unref();
      },
      hasRef: () => held,
    };
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    close(this.#fd);
  }
}

/** Resolves when all have ended, or at the latest after `timeout` ms: whether all have. */
export async function allEnded(processes: readonly Pidfd[], timeout: number): Promise<boolean> {
  const left = processes.filter((process) => process.alive);
  if (left.length === 0) return true;
  if (timeout <= 0) return false;
  const hooks: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve) => {
      let count = left.length;
      timer = setTimeout(() => resolve(false), timeout);
      for (const process of left) hooks.push(process.onEnd(() => --count === 0 && resolve(true)));
    });
  } finally {
    clearTimeout(timer);
    for (const unhook of hooks) unhook();
  }
}

/** Resolves when one of the processes has ended, at once when there is none; keeps no program from ending. */
export async function oneEnded(pids: readonly number[]): Promise<void> {
  const processes = pids.map((pid) => Pidfd.open(pid));
  const hooks: (() => void)[] = [];
  try {
    if (processes.length === 0 || !processes.every((process) => process?.alive === true)) return;
    await new Promise<void>((resolve) => {
      for (const process of processes) if (process !== undefined) hooks.push(process.onEnd(resolve, true));
    });
  } finally {
    for (const unhook of hooks) unhook();
    for (const process of processes) process?.[Symbol.dispose]();
  }
}
