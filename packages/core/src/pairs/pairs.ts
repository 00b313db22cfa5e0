/** One key and its value; the unit of the strings interface (nmount(2), jail_set(2)). */
export type Pair = readonly [key: string, value: string];

/** Pairs in the order given: image parameters first, then `vir X` sections. */
export type Pairs = readonly Pair[];
