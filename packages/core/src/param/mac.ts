import { unexpected } from './text.ts';
import type { ParamType } from './type.ts';

export interface MacOptions {
  /** Refuse group addresses and all zeros, which no interface can have (default false). */
  readonly unicast?: boolean;
}

/** A 48-bit hardware address; the value is in small letters with colons. EINVAL. */
export function macType({ unicast = false }: MacOptions = {}): ParamType<string> {
  const expected = `a ${unicast ? 'unicast ' : ''}hardware address such as 02:00:5e:10:00:01`;
  return {
    kind: 'mac',
    expected,
    schema: { type: 'string', pattern: '^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$' },
    parse(text) {
      if (!/^[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?:-[0-9a-f]{2}){5})$/i.test(text)) throw unexpected(expected, text);
      const value = text.toLowerCase().replaceAll('-', ':');
      if (unicast && (Number.parseInt(value.slice(0, 2), 16) & 1) === 1) throw unexpected(expected, text, 'the lowest bit of the first byte marks a group');
      if (unicast && value === '00:00:00:00:00:00') throw unexpected(expected, text);
      return value;
    },
    print: (value) => value,
    is: (value) => typeof value === 'string',
  };
}
