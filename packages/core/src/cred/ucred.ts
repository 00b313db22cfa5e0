import { VimageError, kassert } from '../errors.ts';
import { type Image, checkLive } from '../image/image.ts';
import { componentsMost } from '../image/wanted.ts';
import { RefCount, freeAll } from '../ref/refcount.ts';

/** The `cover` of an effective image that covers every component. */
export const coverAll = -1;

/** What {@link crset} can change. */
export interface CredChange {
  readonly uid?: number;
  readonly gid?: number;
  readonly groups?: readonly number[];
  /** cimg: the image lived in. */
  readonly image?: Image;
  readonly eimage?: Image;
  /** Numbers of the components that eimage covers; all unless given with it. An empty list covers none. */
  readonly only?: readonly number[];
  /** The image that eimage may be set back to. */
  readonly saved?: Image;
}

/** What {@link crget} needs; eimage and saved are `image` unless given. */
export interface CredInit extends CredChange {
  readonly image: Image;
}

/**
 * A credential (ucred(9)). Made with one reference, the caller's; constant while there are more. It holds one reference on each
 * of the three images that it names.
 */
export class Ucred {
  // `declare`: a field that was ever undefined would cost each cimg() a check.
  /** Read through {@link cimg} and {@link eimg}; changed by {@link crset} only, as everything here. */
  declare image: Image;
  declare eimage: Image;
  /** Bit n: eimage covers component n. */
  declare cover: number;
  declare saved: Image;
  uid: number;
  gid: number;
  groups: readonly number[];
  readonly refs: RefCount;

  constructor(init: Required<Omit<CredInit, 'only'>> & { readonly cover: number }) {
    this.image = init.image;
    this.eimage = init.eimage;
    this.cover = init.cover;
    this.saved = init.saved;
    this.uid = init.uid;
    this.gid = init.gid;
    this.groups = init.groups;
    this.refs = new RefCount(`ucred (uid ${init.uid}, image ${init.image.name})`, () => freeImages(this));
    for (const image of [this.image, this.eimage, this.saved]) image.refs.hold('cred');
    this.refs.hold('cred');
  }
}

/** The image a process with this credential lives in. */
export function cimg(cr: Ucred): Image {
  return cr.image;
}

/** The image acted on: for one component, or, without a number, the effective image itself. */
export function eimg(cr: Ucred, component?: number): Image {
  return component === undefined || (cr.cover & (1 << component)) !== 0 ? cr.eimage : cr.image;
}

/** Numbers of the components that are acted on; undefined: all of them. */
export function covered(cr: Ucred): readonly number[] | undefined {
  if (cr.cover === coverAll) return undefined;
  return Array.from({ length: componentsMost }, (_, number) => number).filter((number) => (cr.cover & (1 << number)) !== 0);
}

/** A new credential with one reference. ESRCH when an image that it names is not live. */
export function crget(init: CredInit): Ucred {
  const { image, eimage = image, saved = image, uid = 0, gid = 0, groups = [] } = init;
  for (const named of [image, eimage, saved]) checkLive(named);
  return new Ucred({ image, eimage, saved, uid, gid, groups: [...groups], cover: coverOf(init.only) });
}

/** One more reference; `holder` is a word for who has it. */
export function crhold(cr: Ucred, holder = 'cred'): Ucred {
  cr.refs.hold(holder);
  return cr;
}

/** Gives a reference back; the last frees the images. Once too often is an InvariantError. */
export function crfree(cr: Ucred, holder = 'cred'): void {
  cr.refs.free(holder);
}

/** A copy with one reference of its own, which may be changed. */
export function crdup(cr: Ucred): Ucred {
  kassert(!cr.refs.gone, 'crdup of a freed ucred');
  return new Ucred(cr);
}

/** Changes a credential that nobody shares (else InvariantError). ESRCH when an image is not live; then nothing has changed. */
export function crset(cr: Ucred, change: CredChange): void {
  kassert(cr.refs.count === 1, `ucred changed while it has ${cr.refs.count} references`);
  const named = [change.image, change.eimage, change.saved].filter((image) => image !== undefined);
  for (const image of named) checkLive(image);
  const cover = change.eimage === undefined && change.only === undefined ? cr.cover : coverOf(change.only);
  for (const image of named) image.refs.hold('cred');
  const before = [change.image && cr.image, change.eimage && cr.eimage, change.saved && cr.saved];
  cr.image = change.image ?? cr.image;
  cr.eimage = change.eimage ?? cr.eimage;
  cr.cover = cover;
  cr.saved = change.saved ?? cr.saved;
  cr.uid = change.uid ?? cr.uid;
  cr.gid = change.gid ?? cr.gid;
  cr.groups = change.groups === undefined ? cr.groups : [...change.groups];
  freeAll(before.map((image) => () => image?.refs.free('cred')));
}

function coverOf(only: readonly number[] | undefined): number {
  if (only === undefined) return coverAll;
  let cover = 0;
  for (const component of only) {
    if (!Number.isInteger(component) || component < 0 || component >= componentsMost) {
      throw new VimageError('EINVAL', `${component} is no component number`);
    }
    cover |= 1 << component;
  }
  return cover;
}

function freeImages(cr: Ucred): void {
  freeAll([cr.image, cr.eimage, cr.saved].map((image) => () => image.refs.free('cred')));
}
