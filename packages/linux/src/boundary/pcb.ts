import { VimageError, crfree, crhold, type Holder, type Image, type Proc, type Thread, type Ucred } from '@vimage/core';
import type { Named } from '../machine.ts';
import { endOwner } from './owner.ts';
import { afterTurn } from './store.ts';
import { whereMade } from './whereabouts.ts';

export type SocketKind = 'tcp' | 'udp' | 'unix';

/** A socket of this process in an image: from when it is made until it is closed it has its credential, which keeps the image (struct inpcb's inp_cred). */
export interface Pcb {
  readonly list: PcbList;
  readonly handle: object;
  readonly kind: SocketKind;
  readonly image: Image;
  readonly cred: Ucred;
  readonly proc: Proc;
}

const key = Symbol('vimage.pcb');

/** What a native handle has of us. */
export function pcbOf(handle: object): Pcb | undefined {
  const found: unknown = Reflect.get(handle, key);
  return isPcb(found) ? found : undefined;
}

function isPcb(value: unknown): value is Pcb {
  return typeof value === 'object' && value !== null;
}

/** The sockets of this process in images. */
export class PcbList {
  readonly #all = new Map<bigint, Set<Pcb>>();

  /** Puts a handle on the list, by what it was made with. */
  add(handle: object, kind: SocketKind, td: Thread): Pcb {
    return this.#enter({ list: this, handle, kind, image: td.eimage, cred: td.ucred, proc: td.proc });
  }

  /** One that was accepted by another has its credential. */
  accept(handle: object, by: Pcb): void {
    this.#enter({ ...by, handle });
  }

  #enter(pcb: Pcb): Pcb {
    pcb.proc.hold();
    crhold(pcb.cred, 'socket');
    Object.defineProperty(pcb.handle, key, { value: pcb, configurable: true });
    const list = this.#all.get(pcb.image.serial) ?? new Set();
    this.#all.set(pcb.image.serial, list.add(pcb));
    return pcb;
  }

  /** The handle is being closed. Once. */
  remove(pcb: Pcb): void {
    const list = this.#all.get(pcb.image.serial);
    if (list?.delete(pcb) !== true) return;
    if (list.size === 0) this.#all.delete(pcb.image.serial);
    Reflect.deleteProperty(pcb.handle, key);
    crfree(pcb.cred, 'socket');
    // The next attempt of a connect has no socket yet when the last one's is closed.
    afterTurn(() => { pcb.proc.release(); });
  }

  /** Where each socket of an image was made, with VIMAGE_DEBUG=1. */
  holders(image: Named): readonly Holder[] {
    return this.of(image).flatMap(({ kind, handle }) => {
      const where = whereMade(handle);
      return where === undefined ? [] : [{ kind: 'socket', pid: process.pid, detail: `${kind}, made at ${where}` }];
    });
  }

  of({ serial }: Named): readonly Pcb[] {
    return [...(this.#all.get(serial) ?? [])];
  }

  /** Ends the sockets of an image that has been removed; how many there were. */
  close(image: Named): number {
    const ending = this.of(image);
    for (const pcb of ending) {
      endOwner(pcb.handle, new VimageError('ECONNABORTED', `image "${image.name}" has been removed, and its sockets with it`, { subject: image.name }));
    }
    return ending.length;
  }

  closeAll(): void {
    for (const [first] of [...this.#all.values()]) if (first !== undefined) this.close(first.image);
  }
}
