import { lstatSync, statSync } from 'node:fs';
import { VimageError } from '@vimage/core';

/**
 * Where the registry is: for uid 0 always /run/vimage, whatever the environment says, but for root in an ordinary user's own
 * namespaces, who does not own /run. ENOENT.
 */
export function registryRoot(): string {
  if ((process.geteuid?.() ?? 0) === 0 && ((statSync('/run', { throwIfNoEntry: false })?.uid ?? 0) === 0 || isOwn(ofRoot))) return ofRoot;
  const dir = process.env['XDG_RUNTIME_DIR'];
  if (dir === undefined || !dir.startsWith('/')) {
    throw new VimageError('ENOENT', 'XDG_RUNTIME_DIR is not set: there is no place for your registry', {
      subject: 'XDG_RUNTIME_DIR', hint: `log in with a session, or run as root\n${mayHaveNone}`,
    });
  }
  return `${dir}/vimage`;
}

/** The machine's registry, and that of root of an image. */
export const ofRoot = '/run/vimage';

/**
 * Where those who live in an image look for its registry: where it is here and, as root there owns a /run that is of the image, where root has his. An ordinary
 * user's are two.
 */
export function registryPlaces(): readonly string[] {
  return [...new Set([registryRoot(), ofRoot])];
}

/** What to do where root of an image finds no registry of its own. */
export const mayHaveNone = 'in an image with users of its own, images can be made where it has children.max: from outside, imgctl set NAME children.max 8';

/** The same, where there is one in its place that is of users outside. */
export const sharedUsers: string = `${mayHaveNone}\nin one that shares the users of another (\`vir user share\`) they cannot: create it with its own \`vir user\``;

/** Root of an image may have been given a registry of its own in a /run that is another's. */
function isOwn(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === 0;
}

const segment = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/;

/** Whether a directory entry can be an image. */
export function isSegment(name: string): boolean {
  return segment.test(name);
}

/** The pin of the file system in which is the registry of those who live in an image: /run/vimage in it. */
export function registryPin(serial: bigint): string {
  return `${serial}/sub`;
}

/** What of that file system they see. Beside it is what nobody but us gets to. */
export const ownDir = 'own';

/** What bounds how many images there are in a registry, written by whoever gave it. */
export const limitFile = 'children.max';

/** The names in the registry's layout (docs/plan-format.md). */
export class Layout {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  get lock(): string {
    return `${this.root}/lock`;
  }

  get mnt(): string {
    return `${this.root}/mnt`;
  }

  get generation(): string {
    return `${this.root}/generation`;
  }

  get dyings(): string {
    return `${this.root}/dying`;
  }

  /** The directory of what is held by who runs programs for images that come or go. */
  get holds(): string {
    return `${this.root}/holds`;
  }

  /** The file that is held of one name, whether there is such an image or not. */
  hold(name: string): string {
    return `${this.holds}/${name}`;
  }

  /** The directory that holds the children of `name` ('' for img0). */
  children(name: string): string {
    return name === '' ? `${this.root}/img` : `${this.image(name)}/img`;
  }

  /** An image's directory. EINVAL for what is no name. */
  image(name: string): string {
    const parts = name.split('.');
    if (name.length > 255 || !parts.every(isSegment)) throw new VimageError('EINVAL', `${JSON.stringify(name)} is no image name`, { subject: name });
    return `${this.root}/img/${parts.join('/img/')}`;
  }

  staging(parent: string, serial: bigint): string {
    return `${this.children(parent)}/.new-${serial}`;
  }

  dying(serial: bigint): string {
    return `${this.dyings}/${serial}`;
  }
}

/** The part of a full name before its last dot: its parent, '' for img0. */
export function parentName(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}
