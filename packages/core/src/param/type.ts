export type JsonSchema = Readonly<Record<string, unknown>>;

/** What completion offers where the values are not known beforehand. */
export type CandidateSource = 'image' | 'interface' | 'path';

/**
 * How values of a kind are read and written. `parse(print(v))` equals `v`; `print(parse(text))` is the one canonical form.
 */
export interface ParamType<T> {
  /** Short name for tables: `int`, `ifname`, `cidr`. */
  readonly kind: string;
  /** Completes "expected ...": `a whole number from 68 to 65535`. */
  readonly expected: string;
  /** JSON Schema of one value as sugar has it. */
  readonly schema: JsonSchema;
  /** Every value there is, or the common ones, for completion. */
  readonly candidates?: readonly string[];
  readonly source?: CandidateSource;
  /** The type of `key=value` items: a list of them may be written as a record. */
  readonly keyed?: boolean;
  /** Reads the text form. Throws a VimageError: EINVAL, ERANGE (a number too small or large), ENAMETOOLONG. */
  parse(text: string): T;
  /** Writes the canonical text form. */
  print(value: T): string;
  /** Whether a value is of this kind, as far as its JavaScript type tells; ranges are checked by `parse(print(value))`. */
  is(value: unknown): value is T;
}

/** One `key=value` item of a map parameter: `eth0=10.7.0.2/24`. */
export interface MapItem<K, V> {
  readonly key: K;
  readonly value: V;
}
