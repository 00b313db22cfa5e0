import { VimageError } from '@vimage/core';
import { Coverer, missing } from './cover.ts';
import { Freezer, type Frozen } from './freeze.ts';
import { isIn, namesOf } from './path.ts';
import { baseOf, begin, compile, passAll, type Pattern } from './pattern.ts';
import type { Tree, Trees } from './tree.ts';

/** What makes denied names stay away. */
export interface Denied {
  /** By `to` of the tree that is not given as a whole. */
  readonly frozen: ReadonlyMap<string, readonly Frozen[]>;
  /** Covered where they are. */
  readonly masks: readonly string[];
  /** Not there yet, in an overlay: taken by something empty. */
  readonly taken: readonly string[];
}

const roundsMost = 20;

/** How `deny` is kept (docs/fs.md has the table). E2BIG, EINVAL, ELOOP, EOPNOTSUPP; never a name that could be reached after all. */
export function denySteps(trees: Trees, texts: readonly string[], kept: boolean): Denied {
  const patterns = new Map(texts.map((text): [string, Pattern] => [text, compile(text)]));
  for (let round = 0; round < roundsMost; round++) {
    const { denied, more } = oneRound(trees, [...patterns.values()], texts, kept);
    const fresh = more.filter(({ text }) => !patterns.has(text));
    if (fresh.length === 0) return denied;
    for (const pattern of fresh) patterns.set(pattern.text, pattern);
  }
  throw new VimageError('ELOOP', 'deny: links lead from one denied name to the next without end', { subject: 'deny' });
}

function oneRound(trees: Trees, patterns: readonly Pattern[], texts: readonly string[], kept: boolean): { readonly denied: Denied; readonly more: readonly Pattern[] } {
  const start = begin(patterns);
  const freezer = new Freezer(trees, start);
  const coverer = new Coverer(trees);
  const frozen = new Map<string, readonly Frozen[]>();
  const masks = new Set<string>();
  const taken = new Set<string>();
  for (const tree of trees.all) {
    const { standing, meant } = passAll(start.filter(({ pattern }) => !isElsewhere(trees, tree, pattern)), namesOf(tree.to));
    const [first] = meant;
    if (first !== undefined) throw contradiction(tree, first, texts.includes(first.text));
    if (standing.length === 0 || tree.from === undefined) continue;
    if (tree.kind === 'host') {
      if (trees.look.kind(tree.from) === 'dir') frozen.set(tree.to, freezer.tree(tree, standing));
      continue;
    }
    for (const path of coverer.found(tree, standing)) masks.add(path);
    if (tree.kind === 'over') for (const path of missing(trees, tree, standing, kept)) taken.add(path);
  }
  return { denied: { frozen, masks: [...masks], taken: [...taken] }, more: [...freezer.more, ...coverer.more] };
}

/** Whether all that a pattern means is in what is given inside of a tree, which covers what that tree has there. */
function isElsewhere(trees: Trees, tree: Tree, pattern: Pattern): boolean {
  const base = baseOf(pattern);
  return trees.all.some(({ to }) => to !== tree.to && isIn(to, tree.to) && isIn(base, to) && trees.walk(to).path === to);
}

function contradiction(tree: Tree, { text }: Pattern, asked: boolean): VimageError {
  return new VimageError('EINVAL', `deny: ${asked ? text : `what is denied is, or leads to, ${text}, which`} means ${tree.to}, which is given`, { subject: text, hint: 'leave out one of the two' });
}
