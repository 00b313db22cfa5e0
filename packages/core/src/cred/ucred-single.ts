import { kassert } from '../errors.ts';
import { type Image, checkLive } from '../image/image.ts';
import { img0 } from '../image/image-single.ts';
import { RefCount } from '../ref/refcount.ts';
import type { CredChange, CredInit, Ucred as Ordinary } from './ucred.ts';

export type { CredChange, CredInit };

/** The `cover` of every credential: there is nothing else to be covered. */
export const coverAll = -1;

/** A credential (ucred(9)) of the single build: counted as ever, and its images are img0. */
export class Ucred implements Ordinary {
  image: Image = img0;
  eimage: Image = img0;
  cover: number = coverAll;
  saved: Image = img0;
  uid: number;
  gid: number;
  groups: readonly number[];
  readonly refs: RefCount;

  constructor({ uid, gid, groups }: Pick<Ordinary, 'uid' | 'gid' | 'groups'>) {
    this.uid = uid;
    this.gid = gid;
    this.groups = groups;
    this.refs = new RefCount(`ucred (uid ${uid})`, () => undefined);
    this.refs.hold('cred');
  }
}

/** img0. */
export function cimg(_cr: Ordinary): Image {
  return img0;
}

/** img0, for any component. */
export function eimg(_cr: Ordinary, _component?: number): Image {
  return img0;
}

/** All of them: undefined. */
export function covered(_cr: Ordinary): readonly number[] | undefined {
  return undefined;
}

/** A new credential with one reference. ESRCH for any image but img0. */
export function crget(init: CredInit): Ordinary {
  checkImages(init);
  const { uid = 0, gid = 0, groups = [] } = init;
  return new Ucred({ uid, gid, groups: [...groups] });
}

/** One more reference; `holder` is a word for who has it. */
export function crhold(cr: Ordinary, holder = 'cred'): Ordinary {
  cr.refs.hold(holder);
  return cr;
}

/** Gives a reference back. Once too often is an InvariantError. */
export function crfree(cr: Ordinary, holder = 'cred'): void {
  cr.refs.free(holder);
}

/** A copy with one reference of its own, which may be changed. */
export function crdup(cr: Ordinary): Ordinary {
  kassert(!cr.refs.gone, 'crdup of a freed ucred');
  return new Ucred(cr);
}

/** Changes a credential that nobody shares (else InvariantError). ESRCH for any image but img0. */
export function crset(cr: Ordinary, change: CredChange): void {
  kassert(cr.refs.count === 1, `ucred changed while it has ${cr.refs.count} references`);
  checkImages(change);
  cr.uid = change.uid ?? cr.uid;
  cr.gid = change.gid ?? cr.gid;
  if (change.groups !== undefined) cr.groups = [...change.groups];
}

function checkImages({ image, eimage, saved }: CredChange): void {
  for (const named of [image, eimage, saved]) if (named !== undefined) checkLive(named);
}
