import { InvariantError, VimageError } from '../errors.ts';
import { unexpected } from './text.ts';
import type { MapItem, ParamType } from './type.ts';

/** One `key=value` item, split at the first `=`; declare it with `listParam` for a map. Errors are those of its parts. */
export function mapType<K, V>(key: ParamType<K>, value: ParamType<V>): ParamType<MapItem<K, V>> {
  const expected = `KEY=VALUE, where KEY is ${key.expected} and VALUE is ${value.expected}`;
  return {
    kind: `${key.kind}=${value.kind}`,
    expected,
    schema: { type: 'string', pattern: '=' },
    keyed: true,
    ...(key.candidates === undefined ? {} : { candidates: key.candidates.map((word) => `${word}=`) }),
    ...(key.source === undefined ? {} : { source: key.source }),
    parse(text) {
      const at = text.indexOf('=');
      if (at < 0) throw unexpected(expected, text);
      return { key: key.parse(text.slice(0, at)), value: value.parse(text.slice(at + 1)) };
    },
    print(item) {
      const left = key.print(item.key);
      if (left.includes('=')) throw new VimageError('EINVAL', `"${left}" cannot be a key here: it holds "="`, { subject: left });
      return `${left}=${value.print(item.value)}`;
    },
    is(item): item is MapItem<K, V> {
      return typeof item === 'object' && item !== null && 'key' in item && 'value' in item && key.is(item.key) && value.is(item.value);
    },
  };
}

/** Either of two types; text is read as the first that takes it. Where both take a text, it is the first's. */
export function orType<A, B>(first: ParamType<A>, second: ParamType<B>): ParamType<A | B> {
  const expected = `${first.expected}, or ${second.expected}`;
  const candidates = [...(first.candidates ?? []), ...(second.candidates ?? [])];
  const source = first.source ?? second.source;
  return {
    kind: `${first.kind}|${second.kind}`,
    expected,
    schema: { anyOf: [first.schema, second.schema] },
    ...(candidates.length > 0 ? { candidates } : {}),
    ...(source === undefined ? {} : { source }),
    parse(text) {
      try {
        return first.parse(text);
      } catch (error) {
        if (!(error instanceof VimageError)) throw error;
      }
      try {
        return second.parse(text);
      } catch (error) {
        if (!(error instanceof VimageError)) throw error;
        throw unexpected(expected, text, error.hint);
      }
    },
    print: (value) => printEither(first, second, value),
    is: (value): value is A | B => first.is(value) || second.is(value),
  };
}

/** Both types may have values of one JavaScript type: the one whose `parse(print(value))` works is meant. */
function printEither<A, B>(first: ParamType<A>, second: ParamType<B>, value: A | B): string {
  if (first.is(value)) {
    const text = first.print(value);
    if (!second.is(value)) return text;
    try {
      first.parse(text);
      return text;
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
    }
  }
  if (!second.is(value)) throw new InvariantError('a value of neither type of a union');
  return second.print(value);
}

/** A value, or `none`, which is `null`. */
export function optionalType<T>(of: ParamType<T>): ParamType<T | null> {
  const expected = `${of.expected}, or none`;
  return {
    kind: of.kind,
    expected,
    schema: { anyOf: [of.schema, { const: 'none' }, { type: 'null' }] },
    candidates: ['none', ...(of.candidates ?? [])],
    ...(of.source === undefined ? {} : { source: of.source }),
    parse: (text) => (text === 'none' ? null : of.parse(text)),
    print(value) {
      if (value === null) return 'none';
      const text = of.print(value);
      if (text === 'none') throw new VimageError('EINVAL', '"none" means no value here and cannot be given as one');
      return text;
    },
    is: (value): value is T | null => value === null || of.is(value),
  };
}
