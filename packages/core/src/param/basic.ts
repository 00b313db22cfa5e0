import { VimageError } from '../errors.ts';
import { checkPlain, quote, unexpected, utf8Length } from './text.ts';
import type { ParamType } from './type.ts';

export interface StringOptions {
  /** Bytes of UTF-8; 1024 unless given. */
  readonly max?: number;
  /** Bytes of UTF-8; 0 unless given. */
  readonly min?: number;
}

/** Text without control characters. EINVAL, ENAMETOOLONG. */
export function stringType({ max = 1024, min = 0 }: StringOptions = {}): ParamType<string> {
  const expected = min > 0 ? `text of ${min} to ${max} bytes` : `text of at most ${max} bytes`;
  return {
    kind: 'string',
    expected,
    schema: { type: 'string', minLength: min > 0 ? 1 : 0, maxLength: max },
    parse(text) {
      checkPlain(text, expected);
      const length = utf8Length(text);
      if (length > max) throw new VimageError('ENAMETOOLONG', `expected ${expected}, not ${length} bytes`);
      if (length < min) throw unexpected(expected, text);
      return text;
    },
    print: (value) => value,
    is: (value) => typeof value === 'string',
  };
}

const flagWords: ReadonlyMap<string, boolean> = new Map([
  ['true', true], ['yes', true], ['on', true], ['1', true],
  ['false', false], ['no', false], ['off', false], ['0', false],
]);

/** What a word for yes or no means; undefined for any other. */
export function flagWord(text: string): boolean | undefined {
  return flagWords.get(text);
}

/** `true` or `false`; yes/no, on/off and 1/0 are read too. EINVAL. */
export function flagType(): ParamType<boolean> {
  const expected = 'true or false';
  return {
    kind: 'flag',
    expected,
    schema: { type: 'boolean' },
    candidates: ['true', 'false'],
    parse(text) {
      const value = flagWord(text);
      if (value === undefined) throw unexpected(expected, text);
      return value;
    },
    print: (value) => (value ? 'true' : 'false'),
    is: (value) => typeof value === 'boolean',
  };
}

export interface IntOptions {
  readonly min?: number;
  readonly max?: number;
  /** What is counted, for the reader: `bytes`, `processes`. */
  readonly unit?: string;
}

/** A whole number in decimal. EINVAL, ERANGE. */
export function intType({ min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER, unit }: IntOptions = {}): ParamType<number> {
  const low = min === Number.MIN_SAFE_INTEGER ? '' : ` from ${min}`;
  const high = max === Number.MAX_SAFE_INTEGER ? '' : low === '' ? ` up to ${max}` : ` to ${max}`;
  const expected = `a whole number${low}${high}${unit === undefined ? '' : ` (${unit})`}`;
  return {
    kind: 'int',
    expected,
    schema: { type: 'integer', minimum: min, maximum: max },
    parse(text) {
      if (!/^(?:0|-?[1-9][0-9]*)$/.test(text)) throw unexpected(expected, text);
      const value = Number(text);
      if (!(value >= min && value <= max)) throw new VimageError('ERANGE', `expected ${expected}, not ${quote(text)}`);
      return value;
    },
    print: (value) => String(value === 0 ? 0 : value),
    is: (value) => typeof value === 'number',
  };
}

/** One of a few words. EINVAL. */
export function enumType<const W extends string>(words: readonly [W, ...W[]]): ParamType<W> {
  const list = words.map((word) => `"${word}"`);
  const last = list.pop() ?? '';
  const expected = list.length > 0 ? `${list.join(', ')} or ${last}` : last;
  const find = (text: unknown): W | undefined => words.find((word) => word === text);
  return {
    kind: 'enum',
    expected,
    schema: { type: 'string', enum: words },
    candidates: words,
    parse(text) {
      const word = find(text);
      if (word === undefined) throw unexpected(expected, text);
      return word;
    },
    print: (value) => value,
    is: (value): value is W => find(value) !== undefined,
  };
}
