import { Thread, VimageError, boundary, cimg, covered, dropEimage, eimg, fork, procEnd, procSettle, tdSync } from '@vimage/core';
import type { Awaitable, CurrentThread, Image, Proc, SocketsEnd } from '@vimage/core';
import type { Named } from '../machine.ts';
import { withNs } from '../ns.ts';
import { startPool } from '../sys/ns.ts';
import { endPool } from './dispatchers.ts';
import type { Pool } from './dispatchers.ts';
import { install } from './install.ts';
import { PcbList } from './pcb.ts';
import { Workers } from './workers.ts';
import type { ToldImage, ToldStand } from './given.ts';
import { Places, coverText } from './places.ts';
import type { Cover, Place, PlaceHost } from './places.ts';
import { afterTurn, standAt, standNowhere, standing } from './store.ts';
import type { Stand } from './store.ts';

export interface ThreadsHost extends PlaceHost {
  readonly registry: string;
  /** Calls back when the registry changes; keeps no program from ending. */
  watch(changed: () => void): Disposable;
}

/** An image that is acted on or lived in, and what of it. */
export interface On {
  readonly image: Image;
  readonly cover: Cover;
}

/** Threads of one kernel, followed through everything that runs asynchronously. */
export class Threads implements CurrentThread {
  /** Sockets of this process, by image. */
  readonly pcbs: PcbList = new PcbList();
  readonly workers: Workers = new Workers();
  readonly #base: Thread;
  /** Procs that may have an image. */
  readonly #procs = new Set<Proc>();
  readonly #components: readonly string[];
  readonly #places: Places;
  readonly #host: ThreadsHost;
  readonly #pools = new Map<string, { readonly pool: Pool; readonly stand: Stand; readonly serial: bigint }>();
  readonly #ends = new Map<bigint, AbortController>();
  #watch: Disposable | undefined;
  #closed = false;

  constructor(host: ThreadsHost, base: Thread, components: readonly string[]) {
    this.#host = host;
    this.#base = base;
    this.#components = components;
    this.#places = new Places(host);
  }

  get(): Thread {
    const stand = standing();
    return stand?.threads === this ? stand.td : this.#base;
  }

  run<T>(td: Thread, fn: () => T): T {
    install();
    this.follow(td.proc);
    return standAt({ td, threads: this }, fn);
  }

  outside<T>(fn: () => T): T {
    return standing() === undefined ? fn() : standNowhere(fn);
  }

  settle(p: Proc): void {
    afterTurn(() => { procSettle(p); });
  }

  /** Calls `fn`, which makes a socket, in the network stack that the thread acts on. ESRCH, EOPNOTSUPP. */
  inNet<T>(td: Thread, fn: () => T): T {
    return boundary(td, () => {
      const place = this.#placeOf(td);
      if (place === undefined) return fn();
      checkBounds(place, td.eimage);
      return place.net === undefined ? fn() : withNs(place.net, fn);
    });
  }

  /** The files by which names are resolved where the thread is; undefined: as the process itself does. ESRCH, EOPNOTSUPP. */
  etcOf(td: Thread): Place['etc'] | undefined {
    return boundary(td, () => {
      const place = this.#placeOf(td);
      if (place === undefined || place.net === undefined) return undefined;
      checkBounds(place, td.eimage);
      return place.etc;
    });
  }

  /** Aborted when the image that the thread is on is removed. */
  untilGone(td: Thread): AbortSignal {
    const { serial } = eimg(td.proc.ucred);
    const known = this.#ends.get(serial) ?? new AbortController();
    this.#ends.set(serial, known);
    return known.signal;
  }

  /** Calls `fn` with the image that the thread is on, in which a program is to be started; undefined: that of the process. ESRCH, EOPNOTSUPP. */
  toSpawn<T>(td: Thread, fn: (on: On | undefined) => T): T {
    return boundary(td, () => {
      const on = this.imageOf(td);
      if (on === undefined) return fn(undefined);
      this.#placeOf(td);
      if (on.cover.live || td.image === this.#base.image) return fn(on);
      throw new VimageError('EOPNOTSUPP', `a program cannot live in "${td.image.name}" and act on "${on.image.name}"`, {
        subject: on.image.name, hint: 'start it from outside of run(), or without effective()',
      });
    });
  }

  /** What a worker is given that is to stand where the thread does; undefined: that is where the process stands. ESRCH, EOPNOTSUPP. */
  givenFor(td: Thread): ToldStand | undefined {
    return boundary(td, () => {
      const on = this.imageOf(td);
      if (on === undefined) return undefined;
      if (this.#placeOf(td)?.processes === true) {
        throw new VimageError('EOPNOTSUPP', `a worker cannot be in the processes of "${on.image.name}": all threads of one process are in one process table`, {
          subject: on.image.name, hint: 'start a process there: child_process.fork; or a worker on what else the image has: effective()',
        });
      }
      startPool();
      return {
        registry: this.#host.registry, pins: this.#host.pins(), components: this.#components,
        base: told(this.#base.image), image: told(td.image), eimage: told(td.eimage), only: covered(td.ucred),
      };
    });
  }

  /** The image that the thread is on, and what of it: that of the process itself is undefined. */
  imageOf({ proc: { ucred } }: Thread): On | undefined {
    const image = eimg(ucred);
    const numbers = covered(ucred);
    if (image === this.#base.image || numbers?.length === 0) return undefined;
    return { image, cover: { live: image === cimg(ucred), only: numbers?.map((number) => this.#components[number] ?? '') } };
  }

  /** A name for that, by which connections of one image are told from those of another. */
  keyOf(td: Thread): string | undefined {
    const on = this.imageOf(td);
    return on === undefined ? undefined : `${on.image.serial} ${coverText(on.cover)}`;
  }

  /** A name for the network stack in which the thread makes its sockets: two images may have one. ESRCH, EOPNOTSUPP. */
  netOf(td: Thread): string {
    return boundary(td, () => {
      const net = this.#placeOf(td)?.net;
      return net === undefined ? '' : String(net.id ?? net.ino);
    });
  }

  /** What keeps connections for the image, and where it makes them: a proc of its own, as they outlive who first asked for one. ESRCH. */
  pool(td: Thread): { readonly pool: Pool; readonly stand: Stand } {
    const key = this.keyOf(td) ?? '';
    const kept = this.#pools.get(key);
    if (kept !== undefined) return kept;
    const p = fork(td.proc);
    const made = { pool: new Map<symbol, object>(), stand: { td: new Thread(p), threads: this }, serial: td.eimage.serial };
    this.follow(p);
    this.#pools.set(key, made);
    return made;
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
    this.#endPools(image.serial);
    this.#ends.get(image.serial)?.abort();
    this.#ends.delete(image.serial);
    const closed = how === 'close' ? this.pcbs.close(image) : 0;
    // Each thread is taken through the boundary, so that one that sleeps does not keep the image.
    for (const p of this.#procs) {
      const { image: cimg, eimage } = p.ucred;
      if (eimage.serial !== image.serial && cimg.serial !== image.serial) continue;
      // Where it lives is gone as well: there is nothing that it could be let go for.
      if (cimg.state !== 'live') procEnd(p);
      else {
        dropEimage(p);
        for (const td of p.threads) tdSync(td);
      }
    }
    const here = closed === 0 ? undefined : new Promise<void>(afterTurn);
    return this.workers.size === 0 ? here : Promise.all([here, this.workers.revoke(image, how)]).then(() => undefined);
  }

  close(): void {
    this.#closed = true;
    this.#endPools();
    this.pcbs.closeAll();
    this.workers.close();
    this.#places.close();
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  /** A proc that may have an image: it is taken through the boundary when that goes. */
  follow(p: Proc): void {
    this.#procs.add(p);
    p.onend = () => { this.#procs.delete(p); };
  }

  #endPools(serial?: bigint): void {
    for (const [key, { pool, stand, serial: its }] of this.#pools) {
      if (serial !== undefined && its !== serial) continue;
      this.#pools.delete(key);
      endPool(pool);
      procSettle(stand.td.proc);
    }
  }

  #placeOf(td: Thread): Place | undefined {
    const on = this.imageOf(td);
    if (on === undefined) return undefined;
    if (this.#closed) throw new VimageError('ESRCH', `the kernel that has "${on.image.name}" was closed by this program`, { subject: on.image.name, hint: 'close it when all that acts on images is done' });
    const place = this.#places.of(on.image, on.cover);
    this.#watch ??= this.#host.watch(() => { this.#look(); });
    if (place.net !== undefined || td.image === td.eimage || td.image === this.#base.image) return place;
    // What is not covered is as in the image that it lives in.
    const { net, processes } = this.#places.of(td.image, { live: true, only: undefined });
    return { ...place, net, processes: place.processes || processes };
  }

  /** Something has changed: of an image that another process removed nothing is kept. */
  #look(): void {
    for (const image of this.#places.gone()) void this.revoke(image, 'close');
  }
}

function told({ name, serial, address }: Image): ToldImage {
  return { name, serial, address };
}

function checkBounds({ bounds }: Place, { name }: Image): void {
  if (bounds.length === 0) return;
  const list = bounds.map((component) => `"vir ${component}"`).join(', ');
  throw new VimageError('EOPNOTSUPP', `"${name}" restricts by ${list} what acts on it, and a running Node cannot be put under that`, {
    subject: name, hint: 'name what is acted on: effective({ only: [\'net\'] }, fn); or start a program: image.spawn',
  });
}
