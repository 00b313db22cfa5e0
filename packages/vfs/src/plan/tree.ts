import { VimageError } from '@vimage/core';
import type { Kind, Look } from './look.ts';
import { after, dirOf, isIn, join, namesOf } from './path.ts';

/**
 * A part of the view: what is seen from `to` on.
 * - `host`: the host's, which others write to as well; `ro` or not.
 * - `over`: an overlay over the host's.
 * - `own`: the view's own: in memory, or unpacked for it alone.
 */
export interface Tree {
  readonly to: string;
  readonly kind: 'host' | 'over' | 'own';
  readonly ro: boolean;
  /** Where it is on the host, links resolved; undefined for what is in memory. */
  readonly from: string | undefined;
  /** Nobody but the image writes there. */
  readonly quiet?: boolean;
}

/** Where a path of the view leads. */
export interface Place {
  /** The same place by a path without links. */
  readonly path: string;
  readonly tree: Tree | undefined;
  /** Undefined: nothing is there, or nobody can tell yet. */
  readonly kind: Kind | undefined;
}

const linksMost = 40;

/** What the view will be like, as far as it is known before it is made. */
export class Trees {
  readonly all: readonly Tree[];
  readonly look: Look;

  constructor(trees: readonly Tree[], look: Look) {
    this.all = [...trees].sort((a, b) => namesOf(b.to).length - namesOf(a.to).length);
    this.look = look;
  }

  /** Whose a path without links is. */
  of(path: string): Tree | undefined {
    return this.all.find(({ to }) => isIn(path, to));
  }

  /** Where on the host a path without links is. */
  host(path: string): string | undefined {
    const tree = this.of(path);
    return tree?.from === undefined ? undefined : join(tree.from, ...namesOf(after(path, tree.to)));
  }

  kind(path: string): Kind | undefined {
    const host = this.host(path);
    if (host !== undefined) return this.look.kind(host);
    return this.all.some(({ to }) => isIn(to, path)) ? 'dir' : undefined;
  }

  target(path: string): string {
    return this.look.target(this.host(path) ?? path);
  }

  /** Follows a path as the kernel would, below the view's root. ELOOP. */
  walk(path: string, last: 'follow' | 'keep' = 'follow'): Place {
    let names = [...namesOf(path)];
    let at = '/';
    for (let links = 0; ; ) {
      const name = names.shift();
      if (name === undefined) return { path: at, tree: this.of(at), kind: this.kind(at) };
      if (name === '.') continue;
      if (name === '..') {
        at = dirOf(at);
        continue;
      }
      const next = join(at, name);
      if (this.kind(next) !== 'link' || (names.length === 0 && last === 'keep')) {
        at = next;
        continue;
      }
      if (++links > linksMost) throw new VimageError('ELOOP', `${path}: too many symbolic links`, { subject: path });
      const target = this.target(next);
      if (target.startsWith('/')) at = '/';
      names = [...namesOf(target), ...names];
    }
  }
}
