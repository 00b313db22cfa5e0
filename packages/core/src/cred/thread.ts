import { VimageError, kassert } from '../errors.ts';
import type { Image } from '../image/image.ts';
import { type Proc, checkRunning, procChange } from './proc.ts';
import { type Ucred, cimg, crfree, crhold, eimg } from './ucred.ts';

/**
 * A thread of a proc. It caches its proc's credential, and from it the images, without references of their own: the credential
 * holds them. At every boundary `td.image === cimg(td.ucred)`; the cache is refreshed there and nowhere else.
 */
export class Thread {
  /** Valid inside a boundary. */
  image: Image;
  eimage: Image;
  ucred: Ucred;
  cowgen: number;
  readonly proc: Proc;

  /** ESRCH when the proc has ended. */
  constructor(p: Proc) {
    checkRunning(p);
    this.proc = p;
    this.ucred = crhold(p.ucred, 'thread');
    this.image = cimg(this.ucred);
    this.eimage = eimg(this.ucred);
    this.cowgen = p.cowgen;
    p.threads.add(this);
  }

  /** Gives up the credential. Boundaries that come later find the proc ended, or are a bug. */
  exit(): void {
    if (!this.proc.threads.delete(this)) return;
    crfree(this.ucred, 'thread');
  }
}

/** Brings a thread up to date with its proc. ESRCH when the proc has ended. */
export function tdSync(td: Thread): void {
  const p = td.proc;
  checkRunning(p);
  kassert(p.threads.has(td), 'boundary of a thread that has exited');
  if (td.cowgen === p.cowgen) return;
  const old = td.ucred;
  td.ucred = crhold(p.ucred, 'thread');
  td.image = cimg(td.ucred);
  td.eimage = eimg(td.ucred);
  td.cowgen = p.cowgen;
  crfree(old, 'thread');
}

/**
 * The system call boundary. ESRCH when the proc has ended, or when its image or effective image is no longer live. A dead
 * effective image is let go, and stays ESRCH until seteimage: falling back to cimg would act on the wrong one.
 */
export function boundary<T>(td: Thread, fn: (td: Thread) => T): T {
  tdSync(td);
  kassert(td.image === cimg(td.ucred) && td.eimage === eimg(td.ucred), 'a thread crossed the boundary with stale images');
  if (td.image.state !== 'live') throw gone(td.image.name);
  if (td.eimage.state !== 'live') {
    dropEimage(td.proc);
    tdSync(td);
  }
  if (td.proc.lost !== undefined) throw gone(td.proc.lost);
  return fn(td);
}

/**
 * The effective image of a proc is no longer live: it is let go, and boundaries are ESRCH until seteimage. Where its image is not live
 * either, there is nothing to let it go for.
 */
export function dropEimage(p: Proc): void {
  const { image, eimage, saved } = p.ucred;
  if (p.state === 'ended' || eimage.state === 'live' || image.state !== 'live') return;
  procChange(p, { eimage: image, ...(saved.state === 'live' ? {} : { saved: image }) }, eimage.name);
}

function gone(name: string): VimageError {
  return new VimageError('ESRCH', `image "${name}" has been removed`, { subject: name, hint: 'set another effective image, or start again' });
}
