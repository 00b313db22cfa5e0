import { VimageError, type Pair, type Pairs } from '@vimage/core';
import type { Mount } from './fstab.ts';
import type { JailValues } from './params.ts';

/** The `vir fs` of a jail; empty where it has the machine's own root. EINVAL: a mount takes a root of its own. */
export function mountPairs(values: JailValues): Pairs {
  const { path, mount = [], enforce_statfs: statfs } = values;
  if (path === undefined || path === '/') {
    if (mount.length === 0) return [];
    throw new VimageError('EINVAL', 'mount is of a jail with a root of its own', { subject: 'mount', hint: 'add: path DIRECTORY' });
  }
  return [
    ['vir', 'fs'],
    ['root', path],
    ...mount.map((each): Pair => given(each)),
    ['dev', String(values['mount.devfs'] === true || values['mount.fdescfs'] === true)],
    ...(statfs === undefined ? [] : [['enforce_statfs', String(statfs)] satisfies Pair]),
  ];
}

function given({ kind, from, to, ro, size }: Mount): Pair {
  if (kind === 'tmpfs') return ['tmpfs', size === undefined ? to : `${to}=${size}`];
  return [ro ? 'ro' : 'bind', `${to}=${from}`];
}
