import { VimageError } from '@vimage/core';
import { join, namesOf } from './path.ts';
import { isLiteral, literal, pass, passAll, type At, type Pattern, type Standing } from './pattern.ts';
import type { Tree, Trees } from './tree.ts';

/** What takes the place of a directory some names of which are denied: that directory as it was, without them, in memory. */
export type Frozen =
  | { readonly kind: 'dir'; readonly to: string; readonly entries: number }
  | { readonly kind: 'bind'; readonly to: string; readonly from: string }
  | { readonly kind: 'link'; readonly to: string; readonly target: string };

/** Frozen entries there can be in one image: a plan has an end. */
export const frozenMost = 400;

/** Freezes trees; notes what else must be denied because a link, or another tree, leads to what is. */
export class Freezer {
  /** Found on the way: to be denied as well. */
  readonly more: Pattern[] = [];
  readonly #trees: Trees;
  readonly #begin: Standing;
  #count = 0;

  constructor(trees: Trees, patterns: Standing) {
    this.#trees = trees;
    this.#begin = patterns;
  }

  /** A tree of the host's as it will be, its own directory first. E2BIG. */
  tree(tree: Tree, standing: Standing): readonly Frozen[] {
    return this.#dir(tree, tree.to, tree.from ?? tree.to, standing);
  }

  #dir(tree: Tree, to: string, from: string, standing: Standing): readonly Frozen[] {
    const entries = this.#trees.look.list(from).flatMap((name): readonly Frozen[] => {
      const [below, host] = [join(to, name), join(from, name)];
      const { standing: left, meant } = pass(standing, name);
      if (meant.length > 0) {
        this.#denied(tree, below, host);
        return [];
      }
      if (++this.#count > frozenMost) throw tooMany(to);
      switch (this.#trees.look.kind(host)) {
        case 'link': return this.#link(below, host, left);
        case 'dir': return left.length > 0 ? this.#dir(tree, below, host, left) : [{ kind: 'bind', to: below, from: host }];
        case 'file': return [{ kind: 'bind', to: below, from: host }];
        default: return [];
      }
    });
    const direct = entries.filter((each) => namesOf(each.to).length === namesOf(to).length + 1).length;
    return [{ kind: 'dir', to, entries: direct }, ...entries];
  }

  /** The same thing under other names. */
  #denied(tree: Tree, to: string, host: string): void {
    for (const other of this.#trees.all) {
      if (other === tree || other.from === undefined || !host.startsWith(`${other.from === '/' ? '' : other.from}/`)) continue;
      const there = join(other.to, ...namesOf(host.slice(other.from === '/' ? 0 : other.from.length)));
      if (this.#trees.of(there) === other) this.more.push(literal(there));
    }
    if (this.#trees.look.kind(host) !== 'link') return;
    const { path, tree: at } = this.#trees.walk(to);
    if (at !== undefined) this.more.push(literal(path));
  }

  /** A link stays if no denied name can be reached through it, or if what it leads to is frozen in the same way. */
  #link(to: string, host: string, left: Standing): readonly Frozen[] {
    const kept: readonly Frozen[] = [{ kind: 'link', to, target: this.#trees.look.target(host) }];
    if (left.length === 0) return kept;
    const { path, kind, tree } = this.#trees.walk(to);
    if (tree === undefined && kind === undefined) return kept;
    const there = passAll(this.#begin, namesOf(path)).standing;
    const missing = left.filter((state) => !there.some((other) => sameAhead(state, other)));
    if (kind !== 'file' && !missing.every(isLiteral)) return [];
    this.more.push(...missing.filter(isLiteral).map(({ pattern, at }) => literal(join(path, ...pattern.parts.slice(at).map(String)))));
    return kept;
  }
}

/** Whether the same names, from here on, are meant. */
function sameAhead(a: At, b: At): boolean {
  const rest = ({ pattern, at }: At): string => JSON.stringify(pattern.parts.slice(at).map((part) => (part === undefined ? '**' : String(part))));
  return rest(a) === rest(b);
}

function tooMany(dir: string): VimageError {
  return new VimageError('E2BIG', `deny: the directories whose names it looks at (${dir}, ...) have more than ${frozenMost} entries`, {
    subject: 'deny', hint: 'give the image less than that, or deny by names that lie less deep; mask covers what is there now, whatever the number',
  });
}
