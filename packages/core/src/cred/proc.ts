import { VimageError, kassert } from '../errors.ts';
import { freeAll } from '../ref/refcount.ts';
import { type CredChange, type Ucred, crdup, crfree, crhold, crset } from './ucred.ts';
import type { Thread } from './thread.ts';

/** `settled`: its function is done, but handles are open. `ended`: it has no credential any more. */
export type ProcState = 'running' | 'settled' | 'ended';

let lastId = 0;

/** A process: one credential, any number of threads, and handles that keep it (proc(9)). Ends on its own, see {@link procSettle}. */
export class Proc {
  /** Counted. Changed by {@link procSetCred} only. */
  ucred: Ucred;
  /** Raised at each change of ucred; threads compare it at the boundary. */
  cowgen = 0;
  state: ProcState = 'running';
  /** Name of the effective image that died under it; until the next seteimage each boundary is ESRCH. */
  lost: string | undefined;
  /** Called when it has ended. */
  onend: (() => void) | undefined;
  readonly id: number;
  readonly threads: Set<Thread> = new Set();
  #handles = 0;

  /** Takes over the caller's reference on `ucred`. */
  constructor(ucred: Ucred) {
    this.ucred = ucred;
    lastId += 1;
    this.id = lastId;
  }

  /** Open handles. */
  get handles(): number {
    return this.#handles;
  }

  /** A handle was opened: the proc lives until it is closed. ESRCH when it has ended. */
  hold(): void {
    checkRunning(this);
    this.#handles += 1;
  }

  /** The handle was closed, once. */
  release(): void {
    kassert(this.#handles > 0, `proc ${this.id}: more handles closed than opened`);
    this.#handles -= 1;
    endIfDone(this);
  }
}

/** Installs a fresh credential, taking over the caller's reference, and returns the old one, which the caller frees. */
export function procSetCred(p: Proc, cr: Ucred): Ucred {
  kassert(p.state !== 'ended', `proc ${p.id} has ended`);
  kassert(cr.refs.count === 1, 'a new credential has one reference');
  const old = p.ucred;
  p.ucred = cr;
  p.cowgen += 1;
  return old;
}

/** A new proc: with the same credential, or with a changed copy of it. ESRCH when `p` has ended or a named image is not live. */
export function fork(p: Proc, change?: CredChange): Proc {
  checkRunning(p);
  const child = new Proc(change === undefined ? crhold(p.ucred) : changed(p.ucred, change));
  if (change?.eimage === undefined) child.lost = p.lost;
  return child;
}

/**
 * Changes a proc's credential: copy, change, install, free the old one. With a new eimage, `lost` says whether it only stands in
 * for one that has died.
 */
export function procChange(p: Proc, change: CredChange, lost?: string): void {
  checkRunning(p);
  const old = procSetCred(p, changed(p.ucred, change));
  if (change.eimage !== undefined) p.lost = lost;
  crfree(old);
}

/** Its function has returned or thrown; the proc ends now, or when its last handle is closed. */
export function procSettle(p: Proc): void {
  if (p.state === 'running') p.state = 'settled';
  endIfDone(p);
}

/** Ends it now, with handles open: the image where it lives is no more. What comes later finds it ended. */
export function procEnd(p: Proc): void {
  if (p.state === 'ended') return;
  p.state = 'ended';
  freeAll([...[...p.threads].map((td) => () => td.exit()), () => crfree(p.ucred)]);
  p.onend?.();
}

/** ESRCH when the proc has ended. */
export function checkRunning(p: Proc): void {
  if (p.state === 'ended') {
    throw new VimageError('ESRCH', `process ${p.id} has ended: its function is done and its last handle closed`, {
      subject: 'process', hint: 'await what the function starts, or keep a handle open',
    });
  }
}

function changed(cr: Ucred, change: CredChange): Ucred {
  const copy = crdup(cr);
  try {
    crset(copy, change);
    return copy;
  } catch (error) {
    crfree(copy);
    throw error;
  }
}

function endIfDone(p: Proc): void {
  if (p.state === 'settled' && p.handles === 0) procEnd(p);
}
