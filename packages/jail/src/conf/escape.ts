import type { Cursor } from './cursor.ts';
import { confError } from './error.ts';
import type { ConfPlace } from './types.ts';

declare const TextDecoder: new (label: string, options: { fatal: boolean; ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const letters: ReadonlyMap<string, string> = new Map([['a', '\x07'], ['b', '\b'], ['f', '\f'], ['n', '\n'], ['r', '\r'], ['t', '\t'], ['v', '\v']]);

/** The text of the backslash at the cursor and what follows it: a code of C, nothing at the end of a line, else the character itself. */
export function readEscape(cursor: Cursor): string {
  const { place } = cursor;
  const bytes = readBytes(cursor);
  if (bytes.length > 0) return decode(bytes, place);
  if (cursor.match(/\\\r?\n/y) !== undefined) return '';
  const char = cursor.match(/\\(.)/suy)?.[1];
  if (char === undefined) throw confError('a backslash at the end of the file', place, 'write \\\\ for a backslash');
  if (char === 'x') throw confError('expected one or two hex digits after \\x', place, 'write \\\\x for a backslash and an x');
  return letters.get(char) ?? char;
}

/** Codes that follow each other are bytes of one text, as a character may be several of them. */
function readBytes(cursor: Cursor): number[] {
  const bytes: number[] = [];
  for (;;) {
    const { place } = cursor;
    const code = cursor.match(/\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2}))/y);
    if (code === undefined) return bytes;
    const byte = code[1] === undefined ? Number.parseInt(code[2] ?? '', 16) : Number.parseInt(code[1], 8);
    if (byte === 0) throw confError(`${code[0]} is a NUL, which no value can hold`, place, 'leave it out');
    if (byte > 255) throw confError(`${code[0]} is no byte`, place, 'octal codes go from \\1 to \\377');
    bytes.push(byte);
  }
}

function decode(bytes: readonly number[], place: ConfPlace): string {
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    throw confError('these codes are no UTF-8', place, 'write the character itself');
  }
}
