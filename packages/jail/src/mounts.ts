import { statSync } from 'node:fs';
import { VimageError, type Pair, type Pairs } from '@vimage/core';
import type { Mount } from './fstab.ts';
import { networkPairs } from './network.ts';
import type { JailValues } from './params.ts';

/** The `vir fs` of a jail; empty where it has the machine's own root. EINVAL: a mount takes a root of its own. */
export function mountPairs(values: JailValues): Pairs {
  const { mount = [], enforce_statfs: statfs } = values;
  const path = ownRoot(values);
  if (path === undefined) {
    if (mount.length === 0) return [];
    throw new VimageError('EINVAL', 'mount is of a jail with a root of its own', { subject: 'mount', hint: 'add: path DIRECTORY' });
  }
  return [
    ['vir', 'fs'],
    ['root', path],
    ...mount.map((each): Pair => given(each)),
    ['dev', String(hasDev(values))],
    ...(statfs === undefined ? [] : [['enforce_statfs', String(statfs)] satisfies Pair]),
  ];
}

/** ENOENT: a jail's own directory has to have places for what the image mounts there, as nothing is made in it. */
export function checkPlaces(values: JailValues): void {
  const path = ownRoot(values);
  if (path === undefined) return;
  const places = ['/proc', ...(networkPairs(values).length > 0 ? ['/sys'] : []), ...(hasDev(values) ? ['/dev'] : [])];
  const missing = places.filter((place) => statSync(path + place, { throwIfNoEntry: false })?.isDirectory() !== true);
  if (missing.length === 0) return;
  throw new VimageError('ENOENT', `path: ${path} has no directory ${missing.join(' nor ')}, which the jail gets one of its own at`, {
    subject: 'path', hint: `mkdir ${missing.map((place) => path + place).join(' ')}`,
  });
}

/** The directory that is its root; undefined: the machine's own is. */
function ownRoot({ path }: JailValues): string | undefined {
  return path === '/' ? undefined : path;
}

/** Descriptors as files stand in the same /dev. */
function hasDev(values: JailValues): boolean {
  return values['mount.devfs'] === true || values['mount.fdescfs'] === true;
}

function given({ kind, from, to, ro, size }: Mount): Pair {
  if (kind === 'tmpfs') return ['tmpfs', size === undefined ? to : `${to}=${size}`];
  return [ro ? 'ro' : 'bind', `${to}=${from}`];
}
