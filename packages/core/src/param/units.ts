import { VimageError } from '../errors.ts';
import { quote, unexpected } from './text.ts';
import type { ParamType } from './type.ts';

/** Suffixes and how many base units each is, smallest first. */
type Units = readonly (readonly [suffix: string, factor: number])[];

interface UnitSpec {
  readonly kind: string;
  readonly expected: string;
  readonly units: Units;
  readonly min: number;
  readonly max: number;
  readonly pattern: RegExp;
  readonly schema: string;
  /** Suffixes that are refused, with the reason. */
  readonly hint?: string;
}

export interface RangeOptions {
  readonly min?: number;
  readonly max?: number;
}

function unitType(spec: UnitSpec): ParamType<number> {
  const factors = new Map(spec.units);
  return {
    kind: spec.kind,
    expected: spec.expected,
    schema: { oneOf: [{ type: 'integer', minimum: spec.min, maximum: spec.max }, { type: 'string', pattern: spec.schema }] },
    parse(text) {
      const match = spec.pattern.exec(text);
      const factor = text === '0' ? 1 : factors.get(match?.[3]?.toLowerCase() ?? '');
      if (match === null || factor === undefined) throw unexpected(spec.expected, text, spec.hint);
      const value = Number(match[1]) * factor + fraction(match[2] ?? '', factor);
      if (!Number.isInteger(value)) throw unexpected(spec.expected, text, 'the value is no whole number of the smallest unit');
      if (!(value >= spec.min && value <= spec.max)) throw new VimageError('ERANGE', `expected ${spec.expected}, not ${quote(text)}`);
      return value;
    },
    print(value) {
      if (value === 0 || !Number.isInteger(value)) return String(value === 0 ? 0 : value);
      const unit = spec.units.findLast(([, factor]) => value % factor === 0);
      return unit === undefined ? String(value) : `${value / unit[1]}${unit[0]}`;
    },
    is: (value) => typeof value === 'number',
  };
}

/** Decimal digits after the point, in base units; NaN when they do not come out whole. */
function fraction(digits: string, factor: number): number {
  if (digits === '') return 0;
  if (digits.length > 9) return Number.NaN;
  const scaled = Number(digits) * factor;
  const divisor = 10 ** digits.length;
  return Number.isSafeInteger(scaled) && scaled % divisor === 0 ? scaled / divisor : Number.NaN;
}

const sizes: Units = [['', 1], ['k', 1024], ['m', 1024 ** 2], ['g', 1024 ** 3], ['t', 1024 ** 4]];

/** Bytes: `4096`, `64k`, `1.5g` (k, m, g and t are powers of 1024). EINVAL, ERANGE. */
export function sizeType({ min = 0, max = Number.MAX_SAFE_INTEGER }: RangeOptions = {}): ParamType<number> {
  return unitType({
    kind: 'size',
    expected: `a size in bytes, or with k, m, g or t (powers of 1024)${rangeText(min, max, 'bytes')}`,
    units: sizes,
    min,
    max,
    pattern: /^([0-9]{1,16})(?:\.([0-9]+))?([a-z]*)$/i,
    schema: '^[0-9]+(\\.[0-9]+)?[kmgtKMGT]?$',
    hint: 'write 64k for 64 KiB',
  });
}

const durations: Units = [['ms', 1], ['s', 1000], ['m', 60_000], ['h', 3_600_000], ['d', 86_400_000]];

/** A time as milliseconds: `500ms`, `1.5s`, `2m`, `1h`, `1d`; in text the unit is needed. EINVAL, ERANGE. */
export function durationType({ min = 0, max = Number.MAX_SAFE_INTEGER }: RangeOptions = {}): ParamType<number> {
  return unitType({
    kind: 'duration',
    expected: `a time with ms, s, m, h or d${rangeText(min, max, 'milliseconds')}`,
    units: durations,
    min,
    max,
    pattern: /^([0-9]{1,16})(?:\.([0-9]+))?([a-z]*)$/i,
    schema: '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$',
    hint: 'write 500ms, 5s or 2m',
  });
}

const rates: Units = [['bit', 1], ['kbit', 1e3], ['mbit', 1e6], ['gbit', 1e9], ['tbit', 1e12]];

/** Bits per second: `64kbit`, `10mbit`, `2.5gbit` (powers of 1000, as tc(8) has them). EINVAL, ERANGE. */
export function rateType({ min = 1, max = Number.MAX_SAFE_INTEGER }: RangeOptions = {}): ParamType<number> {
  return unitType({
    kind: 'rate',
    expected: `bits per second with bit, kbit, mbit, gbit or tbit${rangeText(min, max, 'bit')}`,
    units: rates,
    min,
    max,
    pattern: /^([0-9]{1,16})(?:\.([0-9]+))?([a-z]*)$/i,
    schema: '^[0-9]+(\\.[0-9]+)?[kmgt]?bit$',
    hint: 'write 10mbit for ten million bits per second',
  });
}

function rangeText(min: number, max: number, unit: string): string {
  if (max !== Number.MAX_SAFE_INTEGER) return `, from ${min} to ${max} ${unit}`;
  return min > 1 ? `, at least ${min} ${unit}` : '';
}
