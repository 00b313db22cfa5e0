export interface TreeNode<T> {
  readonly value: T;
  readonly children: readonly TreeNode<T>[];
}

/** Rows of a flat list as a tree; a row whose parent is not in the list hangs at the top. */
export function treeOf<T>(rows: readonly T[], nameOf: (row: T) => string, parentOf: (row: T) => string): readonly TreeNode<T>[] {
  const known = new Set(rows.map(nameOf));
  const below = new Map<string, T[]>();
  for (const row of rows) {
    const parent = known.has(parentOf(row)) ? parentOf(row) : '';
    below.set(parent, [...(below.get(parent) ?? []), row]);
  }
  const grow = (row: T): TreeNode<T> => ({ value: row, children: (below.get(nameOf(row)) ?? []).map(grow) });
  return (below.get('') ?? []).map(grow);
}

/** Each node with the branch drawn before it, top down. */
export function branches<T>(nodes: readonly TreeNode<T>[], lead = ''): readonly (readonly [branch: string, value: T])[] {
  return nodes.flatMap((node, i) => {
    const last = i === nodes.length - 1;
    return [[`${lead}${last ? '└─ ' : '├─ '}`, node.value] as const, ...branches(node.children, lead + (last ? '   ' : '│  '))];
  });
}
