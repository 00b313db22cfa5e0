import { invalid } from './error.ts';

/** The number of a name in a table, or a number given as such (0 to 255 unless `max` says otherwise). `EINVAL` lists the names. */
export function toNumber(table: Readonly<Record<string, number>>, name: string | number, what: string, max = 255): number {
  const found = typeof name === 'number' ? name : Object.hasOwn(table, name) ? table[name] : /^\d{1,10}$/.test(name) ? Number(name) : undefined;
  if (found === undefined || !Number.isInteger(found) || found < 0 || found > max) {
    throw invalid(what, `${JSON.stringify(name)} is not one of ${Object.keys(table).join(', ')}`);
  }
  return found;
}

/** The name of a number in a table, else the number as text, which `toNumber` takes back. */
export function toName(table: Readonly<Record<string, number>>, number: number): string {
  for (const [name, value] of Object.entries(table)) if (value === number) return name;
  return String(number);
}

/** The bits of some flag names. */
export function toBits(table: Readonly<Record<string, number>>, names: readonly string[], what: string): number {
  return names.reduce((bits, name) => (bits | toNumber(table, name, what, 0xffffffff)) >>> 0, 0);
}

/** The names of the bits that are set; a bit without a name is given as its number in text. */
export function toFlags(table: Readonly<Record<string, number>>, bits: number): string[] {
  const names: string[] = [];
  let left = bits;
  for (const [name, value] of Object.entries(table)) {
    if (value !== 0 && (left & value) === value) {
      names.push(name);
      left &= ~value;
    }
  }
  for (let bit = 0; bit < 32 && left !== 0; bit++) {
    if ((left >>> bit) & 1) {
      names.push(String(2 ** bit));
      left &= ~(1 << bit);
    }
  }
  return names;
}

/** `T` with its undefined values turned into absent keys. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out keys whose value is undefined, as exact optional properties want. */
export function defined<T extends object>(value: T): Defined<T>;
export function defined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined));
}
