import type { Cursor } from './cursor.ts';
import { confError } from './error.ts';
import { readEscape } from './escape.ts';
import { checkLength } from './name.ts';
import { Pieces } from './pieces.ts';
import type { Reference, Word } from './token.ts';

const bareText = /[A-Za-z0-9_!%&()\-.:<>?@[\]^`|~]+/y;
const singleText = /[^'\\]+/y;
const doubleText = /[^"\\$]+/y;
const shortName = /\$([A-Za-z_][A-Za-z0-9_]*)/y;
const longName = /\$\{([^\s"'{};,=$\\]*)\}/y;

/** The word that begins at the cursor: bare and quoted text and variables that stand together, as in a shell. Undefined: none does. */
export function readWord(cursor: Cursor): Word | undefined {
  const { place } = cursor;
  const pieces = new Pieces();
  while (readPiece(cursor, pieces));
  return pieces.empty ? undefined : { kind: 'word', pieces: pieces.end(), place };
}

/** Whether the word goes on. */
function readPiece(cursor: Cursor, pieces: Pieces): boolean {
  const text = cursor.match(bareText);
  const char = cursor.peek();
  if (text !== undefined) pieces.add(text[0]);
  else if (char === '$') pieces.add(readVariable(cursor));
  else if (char === '\\') pieces.add(readEscape(cursor));
  else if (char === '\'') readQuoted(cursor, pieces, char, singleText);
  else if (char === '"') readQuoted(cursor, pieces, char, doubleText);
  else return readSign(cursor, pieces, char);
  return true;
}

/** Signs that are text unless they begin a comment or "+=". */
function readSign(cursor: Cursor, pieces: Pieces, char: string | undefined): boolean {
  if (char !== '*' && char !== '+' && char !== '/') return false;
  if (['+=', '//', '/*'].some((other) => cursor.startsWith(other))) return false;
  pieces.add(char);
  cursor.skip(1);
  return true;
}

/** A dollar sign that begins no variable is one. */
function readVariable(cursor: Cursor): string | Reference {
  const { place } = cursor;
  if (cursor.startsWith('${')) {
    const name = cursor.match(longName)?.[1];
    if (name === undefined) throw confError('this variable is not closed', place, 'write ${name}, or \\$ for the sign itself');
    if (name === '') throw confError('this variable has no name', place, 'write ${name}, or \\$ for the sign itself');
    checkLength(name, place);
    return { variable: name, place };
  }
  const variable = cursor.match(shortName)?.[1];
  if (variable !== undefined) {
    checkLength(variable, place);
    return { variable, place };
  }
  cursor.skip(1);
  return '$';
}

/** Quoted text, over several lines if need be: escapes count in both kinds, variables only in double quotes. */
function readQuoted(cursor: Cursor, pieces: Pieces, mark: '"' | '\'', plain: RegExp): void {
  const opened = cursor.place;
  pieces.add('');
  cursor.skip(1);
  for (;;) {
    const text = cursor.match(plain);
    const char = cursor.peek();
    if (text !== undefined) pieces.add(text[0]);
    else if (char === '\\') pieces.add(readEscape(cursor));
    else if (char === '$') pieces.add(readVariable(cursor));
    else if (char === undefined) throw confError('this quote is not closed', opened, `close it with ${mark}`);
    else break;
  }
  cursor.skip(1);
}
