import { VimageError } from '../errors.ts';
import { quote, unexpected } from './text.ts';
import type { ParamType } from './type.ts';

const units: readonly (readonly [suffix: string, factor: bigint])[] = [
  ['ns', 1n], ['us', 1000n], ['ms', 1_000_000n], ['s', 1_000_000_000n], ['m', 60_000_000_000n], ['h', 3_600_000_000_000n], ['d', 86_400_000_000_000n],
];
const factors = new Map(units);

/** Bounds of an {@link offsetType}, in nanoseconds; what `expected` calls them is `text`. */
export interface OffsetRange {
  readonly min: bigint;
  readonly max: bigint;
  readonly text: string;
}

/** A time to be added, as nanoseconds: `+1d`, `-2h`, `1.5s`, `250us`; in text the unit is needed. EINVAL, ERANGE. */
export function offsetType(range?: OffsetRange): ParamType<bigint> {
  const expected = `a time with ns, us, ms, s, m, h or d, and a sign where it is taken away${range === undefined ? '' : `, ${range.text}`}`;
  return {
    kind: 'offset',
    expected,
    schema: { type: 'string', pattern: '^([+-]?[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d)|0)$' },
    parse(text) {
      const [, sign, whole, part = '', suffix = ''] = /^([+-]?)([0-9]{1,20})(?:\.([0-9]{1,18}))?([a-z]*)$/i.exec(text) ?? [];
      const factor = text === '0' ? 1n : factors.get(suffix.toLowerCase());
      if (whole === undefined || factor === undefined) throw unexpected(expected, text, 'write +1d, -2h or 1.5s');
      const divisor = 10n ** BigInt(part.length);
      const scaled = BigInt(whole + part) * factor;
      if (scaled % divisor !== 0n) throw unexpected(expected, text, 'the value is no whole number of nanoseconds');
      const value = (sign === '-' ? -scaled : scaled) / divisor;
      if (range !== undefined && (value < range.min || value > range.max)) throw new VimageError('ERANGE', `expected ${expected}, not ${quote(text)}`);
      return value;
    },
    print(value) {
      if (value === 0n) return '0s';
      const [suffix, factor] = units.findLast(([, each]) => value % each === 0n) ?? ['ns', 1n];
      return `${value > 0n ? '+' : ''}${value / factor}${suffix}`;
    },
    is: (value) => typeof value === 'bigint',
  };
}
