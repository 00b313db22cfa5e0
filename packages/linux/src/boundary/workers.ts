import { createRequire } from 'node:module';
import { codeOf } from '@vimage/core';
import type { Holder, Proc, SocketsEnd } from '@vimage/core';
import type { MessagePort, Worker, WorkerOptions } from 'node:worker_threads';
import type { Named } from '../machine.ts';
import { whileLed } from './early.ts';
import { givenKey } from './given.ts';
import type { Given, Going } from './given.ts';
import { standing } from './store.ts';
import { debugging, here } from './whereabouts.ts';

/** Milliseconds that the removal of an image waits for a worker that is busy: it is dying for as long as that takes. */
const patience = 200;

interface Led {
  readonly id: number;
  readonly given: Omit<Given, 'port'>;
  readonly port: MessagePort;
  readonly where: string | undefined;
}

/** The workers of one kernel that stand on images. They are told when an image goes; each keeps the proc that started it. */
export class Workers {
  readonly #all = new Set<Led>();
  /** Those that were told of an image's end, and have not answered. */
  readonly #busy = new Map<Led, bigint>();

  get size(): number {
    return this.#all.size;
  }

  add(worker: Worker, given: Omit<Given, 'port'>, port: MessagePort, proc: Proc): void {
    const led = { id: worker.threadId, given, port, where: debugging ? here() : undefined };
    this.#all.add(led);
    port.unref();
    worker.once('exit', () => {
      this.#all.delete(led);
      this.#busy.delete(led);
      port.close();
      proc.release();
    });
  }

  holders({ serial }: Named): readonly Holder[] {
    return [...this.#all].filter(({ given }) => isOn(given, serial)).map(({ id, where }) => (
      { kind: 'worker', pid: process.pid, detail: `thread ${id}${where === undefined ? '' : `, started at ${where}`}` }));
  }

  /** An image is going: resolves when its workers have let go of it, or are busy. */
  async revoke({ serial }: Named, how: SocketsEnd): Promise<void> {
    await Promise.all([...this.#all].filter(({ given }) => isOn(given, serial)).map((led) => this.#tell(led, { serial, how })));
  }

  /** Whether a worker has yet to hear of the image's end. */
  isBusy(serial: bigint): boolean {
    return [...this.#busy.values()].includes(serial);
  }

  #tell(led: Led, going: Going & { readonly serial: bigint }): Promise<void> {
    const { port } = led;
    this.#busy.set(led, going.serial);
    return new Promise((resolve) => {
      const waiting = setTimeout(resolve, patience);
      const done = (): void => {
        this.#busy.delete(led);
        clearTimeout(waiting);
        port.off('message', done).off('close', done);
        resolve();
      };
      port.on('message', done).on('close', done).unref();
      port.postMessage(going);
    });
  }

  /** The kernel is closed. */
  close(): void {
    for (const { port } of this.#all) port.postMessage({ serial: undefined, how: 'close' } satisfies Going);
  }
}

function isOn({ image, eimage }: Omit<Given, 'port'>, serial: bigint): boolean {
  return image.serial === serial || eimage.serial === serial;
}

/** Leads node:worker_threads through the boundary: a worker that is started in an image's context stands where that does, all its life. */
export function wrapWorkers(): void {
  const threads = process.getBuiltinModule('node:worker_threads');
  Reflect.set(threads, 'Worker', new Proxy(threads.Worker, {
    construct: (target, args: [string | URL, WorkerOptions?], made) => {
      const stand = standing();
      const given = stand?.threads.toWork(stand.td);
      if (stand === undefined || given === undefined) return Reflect.construct(target, args, made);
      const { proc } = stand.td;
      const { port1, port2 } = new threads.MessageChannel();
      proc.hold();
      try {
        const worker = whileLed(() => start({ ...given, port: port2 }, args[1] ?? {}, (options) => Reflect.construct(target, [args[0], options], made)));
        stand.threads.workers.add(worker, given, port1, proc);
        return worker;
      } catch (error) {
        port1.close();
        proc.release();
        throw error;
      }
    },
  }));
}

/** Starts it with what makes it stand there: read before all else, as what --require names is. */
function start(given: Given, options: WorkerOptions, construct: (options: WorkerOptions) => Worker): Worker {
  const { setEnvironmentData } = process.getBuiltinModule('node:worker_threads');
  const first = ['--require', createRequire(import.meta.url).resolve('@vimage/linux/worker')];
  const transferList = [...(options.transferList ?? []), given.port];
  setEnvironmentData(givenKey, { ...given });
  try {
    if (options.execArgv !== undefined) return construct({ ...options, transferList, execArgv: [...first, ...options.execArgv] });
    return inheriting(process.execArgv, (execArgv) => construct({ ...options, transferList, execArgv: [...first, ...execArgv] }));
  } finally {
    setEnvironmentData(givenKey, undefined);
  }
}

/** Node leaves out by itself what of its own arguments is the whole process's, but not what is given to it. */
function inheriting<T>(args: readonly string[], construct: (args: readonly string[]) => T): T {
  try {
    return construct(args);
  } catch (error) {
    if (codeOf(error) !== 'ERR_WORKER_INVALID_EXEC_ARGV' || !(error instanceof Error)) throw error;
    const said = `${error.message.replace(/^[^:]*/, '')},`;
    const kept = args.filter((arg, i) => !refusedIn(said, arg) && (arg.startsWith('-') || !refusedIn(said, args[i - 1] ?? '')));
    if (kept.length === args.length) throw error;
    return inheriting(kept, construct);
  }
}

/** Whether an argument is in the list that an error of Node's has. */
function refusedIn(said: string, arg: string): boolean {
  return arg !== '' && [',', ' '].some((end) => said.includes(` ${arg}${end}`));
}
