import { checkLive, type Image } from '../image/image.ts';
import type { CurrentThread } from './current.ts';
import type { EffectiveOptions } from './seteimage.ts';

/** Runs `fn`: who acts on img0 acts as he is. ESRCH for any other image. */
export function effective<T>(_current: CurrentThread, image: Image, _options: EffectiveOptions, fn: () => T): T {
  return run(_current, image, fn);
}

/** Runs `fn`. ESRCH for any image but img0. */
export function run<T>(_current: CurrentThread, image: Image, fn: () => T): T {
  checkLive(image);
  return fn();
}
