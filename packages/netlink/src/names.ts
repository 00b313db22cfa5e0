import { ALTIFNAME_MAX, IFNAME_MAX } from './abi/link.ts';
import { invalid } from './error.ts';

const utf8 = new TextEncoder();

/** An interface by name, alternative name or index. */
export type LinkRef = string | number;

/** Checks a new interface name by the kernel's own rule (dev_valid_name): `EINVAL` says what is wrong with it. */
export function checkName(name: string, what = 'interface name'): string {
  return check(name, IFNAME_MAX, what);
}

/** Checks an alternative name (at most 127 bytes). */
export function checkAltname(name: string): string {
  return check(name, ALTIFNAME_MAX, 'alternative name');
}

/** Checks an index: a positive 31-bit integer. */
export function checkIndex(index: number): number {
  if (!Number.isInteger(index) || index < 1 || index > 0x7fffffff) throw invalid('interface index', `${index} is not a positive 31-bit integer`);
  return index;
}

function check(name: string, max: number, what: string): string {
  const shown = JSON.stringify(name.slice(0, 40));
  const length = utf8.encode(name).length;
  if (length === 0 || length > max) throw invalid(what, `${shown} has ${length} bytes, must have 1 to ${max}`);
  if (name === '.' || name === '..') throw invalid(what, `${shown} is not allowed`);
  for (const char of name) {
    const code = char.codePointAt(0) ?? 0;
    if (code <= 0x20 || code === 0x7f || char === '/' || char === ':') throw invalid(what, `${shown} holds a blank, a control byte, "/" or ":"`);
  }
  return name;
}
