import { fstatSync } from 'node:fs';
import { VimageError, crfree, crhold, type Image, type Proc, type Thread, type Ucred } from '@vimage/core';
import type { Named } from '../machine.ts';
import { MadeNotes } from '../made.ts';
import type { MadeSocket } from '../made.ts';
import { fdOf } from './native.ts';
import { endOwner } from './owner.ts';
import { afterTurn } from './store.ts';
import { debugging, whereMade } from './whereabouts.ts';

/** A socket of this process in an image: from when it is made until it is closed it has its credential, which keeps the image (struct inpcb's inp_cred). */
export interface Pcb {
  readonly list: PcbList;
  readonly handle: object;
  /** The one that accepted it. */
  readonly by?: object;
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
  /** With VIMAGE_DEBUG=1, where each was made. */
  readonly #notes = new MadeNotes();

  /** Puts a handle on the list, by what it was made with. */
  add(handle: object, td: Thread): Pcb {
    return this.#enter({ list: this, handle, image: td.eimage, cred: td.ucred, proc: td.proc });
  }

  /** One that was accepted by another has its credential. */
  accept(handle: object, by: Pcb): void {
    this.#enter({ ...by, handle, by: by.handle });
  }

  #enter(pcb: Pcb): Pcb {
    pcb.proc.hold();
    crhold(pcb.cred, 'socket');
    Object.defineProperty(pcb.handle, key, { value: pcb, configurable: true });
    const list = this.#all.get(pcb.image.serial) ?? new Set();
    this.#all.set(pcb.image.serial, list.add(pcb));
    // Whose it is in the code of Node is not known before.
    if (debugging) process.nextTick(() => { this.#note(pcb); });
    return pcb;
  }

  #note(pcb: Pcb): void {
    const made = madeOf(pcb);
    if (made === undefined) return;
    this.#notes.add(made, () => [...this.#all.values()].flatMap((list) => [...list].flatMap((each) => madeOf(each) ?? [])));
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
    this.#notes.close();
  }
}

function madeOf({ handle, by, image }: Pcb): MadeSocket | undefined {
  const fd = fdOf(handle);
  const where = whereMade(by ?? handle);
  if (fd < 0 || where === undefined) return undefined;
  return { serial: image.serial, inode: fstatSync(fd).ino, text: `${by === undefined ? 'made' : 'accepted by what was made'} at ${where}` };
}
