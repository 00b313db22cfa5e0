import type { Holder, Proc, SocketsEnd } from '@vimage/core';
import type { MessagePort, Worker, WorkerOptions } from 'node:worker_threads';
import type { Named } from '../machine.ts';
import { whileLed } from './early.ts';
import type { Going, ToldStand } from './given.ts';
import { startWorker } from './start-worker.ts';
import { standing } from './store.ts';
import { debugging, here } from './whereabouts.ts';

/** Milliseconds that the removal of an image waits for a worker that is busy: it is dying for as long as that takes. */
const patience = 200;

interface Placed {
  readonly id: number;
  readonly stand: ToldStand;
  readonly port: MessagePort;
  readonly where: string | undefined;
}

/** The workers of one kernel that stand on images. They are told when an image goes; each keeps the proc that started it. */
export class Workers {
  readonly #all = new Set<Placed>();
  /** The images of whose end each was told, and has not answered. */
  readonly #owing = new Map<Placed, Set<bigint>>();

  get size(): number {
    return this.#all.size;
  }

  add(worker: Worker, stand: ToldStand, port: MessagePort, proc: Proc): void {
    const placed = { id: worker.threadId, stand, port, where: debugging ? here() : undefined };
    this.#all.add(placed);
    // Its other end closes with the worker, whatever becomes of that one's listeners.
    port.once('close', () => {
      this.#all.delete(placed);
      this.#owing.delete(placed);
      proc.release();
    }).unref();
  }

  holders({ serial }: Named): readonly Holder[] {
    return [...this.#all].filter(({ stand }) => isOn(stand, serial)).map(({ id, where }) => (
      { kind: 'worker', pid: process.pid, detail: `thread ${id}${where === undefined ? '' : `, started at ${where}`}` }));
  }

  /** An image is going: resolves when its workers have let go of it, or are busy. */
  async revoke({ serial }: Named, how: SocketsEnd): Promise<void> {
    await Promise.all([...this.#all].filter(({ stand }) => isOn(stand, serial)).map((placed) => this.#tell(placed, serial, how)));
  }

  /** Whether a worker has yet to hear of the image's end. */
  isBusy(serial: bigint): boolean {
    return [...this.#owing.values()].some((owed) => owed.has(serial));
  }

  #tell(placed: Placed, serial: bigint, how: SocketsEnd): Promise<void> {
    const { port } = placed;
    const owed = this.#owing.get(placed) ?? new Set();
    this.#owing.set(placed, owed.add(serial));
    return new Promise((resolve) => {
      const heard = (answer: unknown): void => { if (answer === serial) done(); };
      const done = (): void => {
        owed.delete(serial);
        clearTimeout(waiting);
        port.off('message', heard).off('close', done);
        resolve();
      };
      const waiting = setTimeout(resolve, patience);
      port.on('message', heard).on('close', done).unref();
      port.postMessage({ serial, how } satisfies Going);
    });
  }

  /** The kernel is closed. */
  close(): void {
    for (const { port } of this.#all) port.postMessage({ serial: undefined, how: 'close' } satisfies Going);
  }
}

function isOn({ image, eimage }: ToldStand, serial: bigint): boolean {
  return image.serial === serial || eimage.serial === serial;
}

/** Leads node:worker_threads through the boundary: a worker that is started in an image's context stands where that does, all its life. */
export function wrapWorkers(): void {
  const threads = process.getBuiltinModule('node:worker_threads');
  Reflect.set(threads, 'Worker', new Proxy(threads.Worker, {
    construct: (target, args: [string | URL, WorkerOptions?], made) => {
      const stand = standing();
      const told = stand?.threads.givenFor(stand.td);
      const [file, options = {}] = args;
      // What is no options at all is Node's to refuse.
      if (stand === undefined || told === undefined || typeof options !== 'object' || options === null) return Reflect.construct(target, args, made);
      const { proc } = stand.td;
      const { port1, port2 } = new threads.MessageChannel();
      proc.hold();
      try {
        const worker = whileLed(() => startWorker(told, port2, options, (its) => Reflect.construct(target, [file, its], made)));
        stand.threads.workers.add(worker, told, port1, proc);
        return worker;
      } catch (error) {
        port1.close();
        proc.release();
        throw error;
      }
    },
  }));
}
