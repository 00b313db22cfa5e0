import { VimageError } from '@vimage/core';
import { join, namesOf } from './path.ts';
import { isLiteral, literal, pass, type Pattern, type Standing } from './pattern.ts';
import type { Tree, Trees } from './tree.ts';

const linksMost = 40;

/** Denied names in a tree that only the view writes to: what is there is covered. */
export class Coverer {
  /** Denied as well, because a link leads there. */
  readonly more: Pattern[] = [];
  readonly #trees: Trees;

  constructor(trees: Trees) {
    this.#trees = trees;
  }

  /** What of a tree is denied and there. EOPNOTSUPP: a pattern goes on beyond a link to where it cannot be followed. */
  found(tree: Tree, standing: Standing): readonly string[] {
    return this.#dir(tree, tree.to, standing, 0);
  }

  #dir(tree: Tree, dir: string, standing: Standing, links: number): readonly string[] {
    const host = this.#trees.host(dir);
    if (host === undefined || this.#trees.of(dir) !== tree || this.#trees.look.kind(host) !== 'dir') return [];
    return this.#trees.look.list(host).flatMap((name): readonly string[] => {
      const path = join(dir, name);
      const isLink = this.#trees.kind(path) === 'link';
      const { standing: below, meant } = pass(standing, name);
      if (meant.length > 0) {
        if (isLink) this.more.push(literal(this.#trees.walk(path).path));
        return [path];
      }
      if (below.length === 0) return [];
      return isLink ? this.#beyond(tree, path, below, links + 1) : this.#dir(tree, path, below, links);
    });
  }

  #beyond(tree: Tree, link: string, standing: Standing, links: number): readonly string[] {
    const { path, tree: there, kind } = this.#trees.walk(link);
    if (there === undefined || kind === 'file') return [];
    for (const { pattern, at } of standing.filter(isLiteral)) this.more.push(literal(join(path, ...pattern.parts.slice(at).map(String))));
    const rest = standing.filter((state) => !isLiteral(state));
    if (rest.length === 0 || (there === tree && kind === undefined)) return [];
    if (there === tree && links <= linksMost) return this.#dir(tree, path, rest, links);
    if (there.from === undefined) return [];
    const text = rest[0]?.pattern.text ?? '';
    throw new VimageError('EOPNOTSUPP', `deny: ${text} goes on beyond the link ${link}, to ${path}`, { subject: text, hint: `deny what is meant by the name it has there: ${join(path, ...namesOf('*'))}` });
  }
}

/** Names that could still come into an overlay from the host's directory below it. EOPNOTSUPP. */
export function missing(trees: Trees, tree: Tree, standing: Standing, kept: boolean): readonly string[] {
  if (tree.quiet === true) return [];
  return standing.flatMap((state) => {
    const { text } = state.pattern;
    if (!isLiteral(state)) {
      throw new VimageError('EOPNOTSUPP', `deny: ${text} cannot be kept in an overlay over ${tree.from ?? ''}: what the host makes there later would be seen`, {
        subject: text, hint: 'deny names without *, ? and [...], or unpack the root for the image alone (root tar:...)',
      });
    }
    if (trees.of(text) !== tree || trees.walk(text).kind !== undefined) return [];
    if (!kept) return [text];
    throw new VimageError('EOPNOTSUPP', `deny: ${text} is not there, and its place in the overlay’s upper directory would have to be taken for good`, {
      subject: text, hint: 'make it first, or use overlay throw-away',
    });
  });
}
