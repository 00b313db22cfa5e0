/** Where a parameter stands; line and column count from 1. */
export interface ConfPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The file that is read, and how it gets at what it includes. */
export interface ConfSource {
  /** The name of the file that the text came from: for places, and what `.include` is relative to. */
  readonly file: string;
  /**
   * The files of `.include "PATTERN"` as it is written in the file `from`, in the order in which they are to be read; `file` names
   * each in one way only, as circles are found by it. Throws VimageError where one cannot be read.
   */
  read(pattern: string, from: string): readonly { readonly file: string; readonly text: string }[];
}

/** One parameter of a jail, after everything that jail.conf(5) lets a file say about it. */
export interface ConfParam {
  /** Without the `no` of a boolean that jail(8) knows; see `bare`. */
  readonly name: string;
  /** One for each value of a list; variables are replaced. A flag without value is `['true']`, one with the prefix `no` is `['false']`. */
  readonly values: readonly string[];
  /** The last statement that had a say in it. */
  readonly place: ConfPlace;
  /** It stands there without a value and is no boolean that jail(8) knows: `name` is as written, and may begin with a `no` that negates. */
  readonly bare?: true;
}

/** A jail of the file. */
export interface ConfJail {
  /** Dotted where the jail is inside another: `parent.child`. */
  readonly name: string;
  /** In the order in which their names first came; globals and wildcards are merged in. `name` is not among them, as it is the name above. */
  readonly params: readonly ConfParam[];
}
