import { VimageError } from '@vimage/core';
import type { VfsValues } from '../params.ts';

/** Where the root is by now. */
export type RootAt =
  | { readonly kind: 'empty' }
  /** The host's, or a directory of it: others write there. */
  | { readonly kind: 'host'; readonly from: string; readonly ro: boolean }
  /** Unpacked for this image alone. */
  | { readonly kind: 'unpacked'; readonly from: string };

/** What a plan is made of: the parameters, and what was found out and made for them. */
export interface Wanted {
  readonly values: VfsValues;
  readonly root: RootAt;
  /** An empty file, for the places of files that other components mount; below the directory of the image's own files, see `inHome`. */
  readonly emptyFile: string;
  /** Files that another component mounts, besides those of a network: places are made where they can be. */
  readonly places?: readonly string[];
  /** Pin of the user namespace of an idmapped image. */
  readonly map?: string;
  /** Directories of ours on the host: never seen. */
  readonly hidden: readonly string[];
}

/** Refuses what parameters say against each other, before anything is made. EINVAL, EOPNOTSUPP. */
export function checkValues(values: VfsValues): void {
  const root = values.root?.kind ?? 'empty';
  const wrong = (subject: string, message: string, hint: string): VimageError => new VimageError('EINVAL', message, { subject, hint });
  if (values.overlay !== undefined && root === 'empty') {
    throw wrong('overlay', 'overlay: there is nothing below it: the root is empty', 'name what it is over: root /DIRECTORY, root tar:FILE or root host');
  }
  if (values['overlay.size'] !== undefined && values.overlay !== 'throw-away') {
    throw wrong('overlay.size', 'overlay.size: only a throw-away overlay is in memory', 'add overlay throw-away');
  }
  if (root !== 'empty' && values.tmpfs?.some(({ to }) => to === '/') === true) {
    throw wrong('tmpfs', 'tmpfs: "/" is given as root', 'leave root out: it is in memory then, with that size');
  }
  const seen = new Set<string>();
  for (const to of [...(values.bind ?? []), ...(values.ro ?? []), ...(values.tmpfs ?? [])].map((each) => each.to)) {
    if (seen.has(to)) throw wrong(to, `${to} is given twice`, 'leave out one of the two');
    seen.add(to);
  }
  if (values.enforce_statfs === 0) {
    throw new VimageError('EOPNOTSUPP', 'enforce_statfs 0 cannot be had: a mount namespace knows its own mounts only', { subject: 'enforce_statfs', hint: 'leave it out: 1 is what Linux does' });
  }
  if (values.enforce_statfs === 2) {
    throw new VimageError('EOPNOTSUPP', 'enforce_statfs 2 cannot be had: Linux shows whoever is in a mount namespace every mount of it', {
      subject: 'enforce_statfs', hint: 'leave it out (1: only what is mounted below the image’s root), and mount less',
    });
  }
}
