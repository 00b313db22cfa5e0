import { VimageError } from '../errors.ts';
import { isInside } from '../image/address.ts';
import { type Image, checkLive } from '../image/image.ts';
import { type Proc, checkRunning, procChange } from './proc.ts';
import { type Ucred, cimg } from './ucred.ts';

export interface EffectiveOptions {
  /** Numbers of the components that are acted on; all unless given. */
  readonly only?: readonly number[];
}

/** seteuid(2) for images: to one inside cimg, or back to the saved one. Anything else is ESRCH, as what is not live. */
export function seteimage(p: Proc, image: Image, options: EffectiveOptions = {}): void {
  checkRunning(p);
  checkEffective(p.ucred, image);
  procChange(p, { eimage: image, ...options });
}

/**
 * setuid(2) for images, as root does it: cimg, eimg and saved become `image`, which is inside cimg; there is no way back. EPERM
 * for the saved image where it is not inside: only eimg may go there. Else ESRCH.
 */
export function setimage(p: Proc, image: Image): void {
  checkRunning(p);
  checkMove(p.ucred, image);
  procChange(p, { image, eimage: image, saved: image });
}

/** Whether seteimage would be allowed. */
export function checkEffective(cr: Ucred, image: Image): void {
  if (image !== cr.saved && !isInside(image, cimg(cr))) throw hidden(image);
  checkLive(image);
}

/** Whether setimage would be allowed. */
export function checkMove(cr: Ucred, image: Image): void {
  const inside = isInside(image, cimg(cr));
  if (image !== cr.saved && !inside) throw hidden(image);
  checkLive(image);
  if (inside) return;
  throw new VimageError('EPERM', `"${image.name}" is the saved image: only the effective image may be set back to it`, { subject: image.name });
}

function hidden(image: Image): VimageError {
  return new VimageError('ESRCH', `no image "${image.segment}"`, { subject: image.segment });
}
