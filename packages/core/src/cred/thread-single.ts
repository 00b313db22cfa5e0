import { kassert } from '../errors.ts';
import type { Image } from '../image/image.ts';
import { img0 } from '../image/image-single.ts';
import { type Proc, checkRunning } from './proc.ts';
import type { Thread as Ordinary } from './thread.ts';
import type { Ucred } from './ucred.ts';

/** A thread of a proc, in the single build: it reads its proc's credential, and caches nothing. */
export class Thread implements Ordinary {
  image: Image = img0;
  eimage: Image = img0;
  readonly proc: Proc;

  /** ESRCH when the proc has ended. */
  constructor(p: Proc) {
    checkRunning(p);
    this.proc = p;
    p.threads.add(this);
  }

  get ucred(): Ucred {
    return this.proc.ucred;
  }

  get cowgen(): number {
    return this.proc.cowgen;
  }

  exit(): void {
    this.proc.threads.delete(this);
  }
}

/** ESRCH when the proc has ended. */
export function tdSync(td: Ordinary): void {
  checkRunning(td.proc);
  kassert(td.proc.threads.has(td), 'boundary of a thread that has exited');
}

/** The system call boundary: nothing has to be entered. ESRCH when the proc has ended. */
export function boundary<T>(td: Ordinary, fn: (td: Ordinary) => T): T {
  tdSync(td);
  return fn(td);
}

/** img0 never goes. */
export function dropEimage(_p: Proc): void {}
