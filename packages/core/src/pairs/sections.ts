import type { Pairs } from './pairs.ts';

/** The pairs of one `vir COMPONENT`, without the `vir` pair itself. */
export interface Section {
  readonly component: string;
  /** Index of the `vir` pair; the section's own pairs follow it. */
  readonly at: number;
  readonly pairs: Pairs;
}

export interface SplitPairs {
  /** Pairs before the first `vir`. */
  readonly image: Pairs;
  /** In the order given; nothing is checked here. */
  readonly sections: readonly Section[];
}

/** Splits pairs at each `vir`. */
export function sections(pairs: Pairs): SplitPairs {
  const starts = [...pairs.keys()].filter((index) => pairs[index]?.[0] === 'vir');
  const ends = [...starts.slice(1), pairs.length];
  return {
    image: pairs.slice(0, starts[0] ?? pairs.length),
    sections: starts.map((at, i) => ({ component: pairs[at]?.[1] ?? '', at, pairs: pairs.slice(at + 1, ends[i]) })),
  };
}
