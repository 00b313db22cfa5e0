import { VimageError, boundary, covered, dropEimage, procSettle, tdSync } from '@vimage/core';
import type { Awaitable, CurrentThread, Image, Proc, SocketsEnd, Thread } from '@vimage/core';
import type { Named } from '../machine.ts';
import { withNs } from '../ns.ts';
import { install } from './install.ts';
import { PcbList } from './pcb.ts';
import { Places } from './places.ts';
import type { Cover, Place, PlaceHost } from './places.ts';
import { afterTurn, stands } from './store.ts';

export interface ThreadsHost extends PlaceHost {
  /** Calls back when the registry changes; keeps no program from ending. */
  watch(changed: () => void): Disposable;
}

/** Threads of one kernel, followed through everything that runs asynchronously. */
export class Threads implements CurrentThread {
  /** Sockets of this process, by image. */
  readonly pcbs: PcbList = new PcbList();
  readonly #base: Thread;
  /** Procs that may have an image. */
  readonly #procs = new Set<Proc>();
  readonly #components: readonly string[];
  readonly #places: Places;
  readonly #host: ThreadsHost;
  #watch: Disposable | undefined;

  constructor(host: ThreadsHost, base: Thread, components: readonly string[]) {
    this.#host = host;
    this.#base = base;
    this.#components = components;
    this.#places = new Places(host);
  }

  get(): Thread {
    const stand = stands.getStore();
    return stand?.threads === this ? stand.td : this.#base;
  }

  run<T>(td: Thread, fn: () => T): T {
    install();
    const p = td.proc;
    this.#procs.add(p);
    p.onend = () => { this.#procs.delete(p); };
    return stands.run({ td, threads: this }, fn);
  }

  settle(p: Proc): void {
    afterTurn(() => { procSettle(p); });
  }

  /** Calls `fn`, which makes a socket, in the network stack that the thread acts on. ESRCH, EOPNOTSUPP. */
  inNet<T>(td: Thread, fn: (td: Thread) => T): T {
    return boundary(td, () => {
      const place = this.#placeOf(td);
      if (place === undefined) return fn(td);
      checkBounds(place, td.eimage);
      const { net } = place;
      return net === undefined ? fn(td) : withNs(net, () => fn(td));
    });
  }

  /** The image that the thread is on, and what of it: that of the process itself is undefined. */
  imageOf(td: Thread): { readonly image: Image; readonly cover: Cover } | undefined {
    if (td.eimage !== this.#base.image) {
      const numbers = covered(td.ucred);
      const live = td.eimage === td.image;
      return { image: td.eimage, cover: { live, only: numbers?.map((number) => this.#components[number] ?? '') } };
    }
    return undefined;
  }

  /** Where a path leads: EOPNOTSUPP where it would be in a file system of the image's own. */
  checkFiles(td: Thread, path: string): void {
    boundary(td, () => {
      if (this.#placeOf(td)?.files !== true) return;
      throw new VimageError('EOPNOTSUPP', `${path}: "${td.eimage.name}" has a file system of its own, which a running Node cannot enter`, {
        subject: path, hint: 'a socket by abstract name, or a program started by image.spawn; effective({ only: [\'net\'] }, fn) has the paths of the caller',
      });
    });
  }

  /** An image is going. Resolves when what was done for it has ended, where something was. */
  revoke(image: Named, how: SocketsEnd): Awaitable<void> {
    this.#places.forget(image);
    const closed = how === 'close' ? this.pcbs.close(image) : 0;
    // Each thread is taken through the boundary, so that one that sleeps does not keep the image.
    for (const p of this.#procs) {
      if (p.ucred.eimage.serial !== image.serial) continue;
      dropEimage(p);
      for (const td of p.threads) tdSync(td);
    }
    return closed === 0 ? undefined : new Promise(afterTurn);
  }

  close(): void {
    this.pcbs.closeAll();
    this.#places.close();
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #placeOf(td: Thread): Place | undefined {
    const on = this.imageOf(td);
    if (on === undefined) return undefined;
    const place = this.#places.of(on.image, on.cover);
    this.#watch ??= this.#host.watch(() => { this.#look(); });
    if (place.net !== undefined || td.image === td.eimage || td.image === this.#base.image) return place;
    // What is not covered is as in the image that it lives in.
    return { ...place, net: this.#places.of(td.image, { live: true, only: undefined }).net };
  }

  /** Something has changed: of an image that another process removed nothing is kept. */
  #look(): void {
    for (const image of this.#places.gone()) void this.revoke(image, 'close');
  }
}

function checkBounds({ bounds }: Place, { name }: Image): void {
  if (bounds.length === 0) return;
  const list = bounds.map((component) => `"vir ${component}"`).join(', ');
  throw new VimageError('EOPNOTSUPP', `"${name}" restricts by ${list} what acts on it, and a running Node cannot be put under that`, {
    subject: name, hint: 'name what is acted on: effective({ only: [\'net\'] }, fn); or start a program: image.spawn',
  });
}
