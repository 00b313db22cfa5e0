import { VimageError } from '../errors.ts';
import type { ErrorDetail, Place } from '../errors.ts';
import { quote } from '../param/text.ts';
import type { Token, VariablePiece } from './token.ts';

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'], ['t', '\t'], ['r', '\r'], ['\\', '\\'], ['"', '"'], ['\'', '\''], ['$', '$'],
]);

const space = /[ \t\r]+/y;
const lineComment = /(?:#|\/\/)[^\n]*/y;
const definition = /\$([A-Za-z_]\w*)[ \t]*=/y;
const reference = /\$\{([A-Za-z_]\w*)\}/y;
const bareText = /[^\s;{}"'\\$\p{Cc}\p{Z}\ufeff]+/uy;
const doubleText = /[^"\\$\p{Cc}]+/uy;
const singleText = /[^'\\\p{Cc}]+/uy;

/** Cuts a source into tokens, one at a time, each character seen once. Errors are EINVAL with file, line and column. */
export class Lexer {
  readonly #source: string;
  readonly #file: string | undefined;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(source: string, file: string | undefined) {
    this.#source = source;
    this.#file = file;
    if (source.startsWith('\ufeff')) this.#at = this.#lineStart = 1;
  }

  next(): Token {
    this.#skip();
    const place = this.#place();
    const char = this.#source[this.#at];
    if (char === undefined) return { kind: 'end', place };
    if (char === ';' || char === '{' || char === '}') {
      this.#at++;
      return { kind: char, place };
    }
    const define = char === '$' ? this.#match(definition) : undefined;
    if (define !== undefined) return { kind: 'define', name: define[1] ?? '', place };
    return this.#word(place);
  }

  #place(): Place {
    const place = { line: this.#line, column: this.#at - this.#lineStart + 1 };
    return this.#file === undefined ? place : { file: this.#file, ...place };
  }

  #fail(message: string, place: Place = this.#place(), detail: ErrorDetail = {}): VimageError {
    return new VimageError('EINVAL', message, { ...detail, place });
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  /** Passes over space and comments. */
  #skip(): void {
    for (;;) {
      const char = this.#source[this.#at];
      if (char === ' ' || char === '\t' || char === '\r') {
        this.#match(space);
      } else if (char === '\n') {
        this.#at++;
        this.#line++;
        this.#lineStart = this.#at;
      } else if (char === '/' && this.#source[this.#at + 1] === '*') {
        this.#comment();
      } else if ((char !== '#' && char !== '/') || this.#match(lineComment) === undefined) {
        return;
      }
    }
  }

  #comment(): void {
    const opened = this.#place();
    const end = this.#source.indexOf('*/', this.#at + 2);
    if (end < 0) throw this.#fail('this comment is not closed', opened, { hint: 'close it with */' });
    for (let feed = this.#source.indexOf('\n', this.#at); feed >= 0 && feed < end; feed = this.#source.indexOf('\n', feed + 1)) {
      this.#line++;
      this.#lineStart = feed + 1;
    }
    this.#at = end + 2;
  }

  /** Bare text, quoted text and variables that stand together are one word, as in a shell. */
  #word(place: Place): Token {
    const pieces: (string | VariablePiece)[] = [];
    let bare = true;
    for (;;) {
      const char = this.#source[this.#at];
      if (char === undefined || char === ';' || char === ' ') break;
      if (char === '"' || char === '\'') {
        pieces.push(...this.#quoted(char));
        bare = false;
      } else if (char === '$') {
        pieces.push(this.#variable());
        bare = false;
      } else {
        const text = this.#match(bareText);
        if (text === undefined) break;
        pieces.push(text[0]);
      }
    }
    if (pieces.length === 0) throw this.#stray();
    return { kind: 'word', pieces, bare, place };
  }

  #stray(): VimageError {
    const char = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
    if (char === '\\') return this.#fail('a backslash can only stand in quotes');
    if (/\p{Cc}/u.test(char)) return this.#fail(`a control character: ${quote(char)}`);
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return this.#fail(`a space that is not an ordinary one: U+${code}`, undefined, { hint: 'write an ordinary space' });
  }

  #variable(): VariablePiece {
    const place = this.#place();
    const match = this.#match(reference);
    if (match !== undefined) return { variable: match[1] ?? '', place };
    const name = /\$\{?([A-Za-z_]\w{0,63})/y;
    name.lastIndex = this.#at;
    const meant = name.exec(this.#source)?.[1] ?? 'name';
    throw this.#fail('"$" begins a variable here', place, { hint: `write \${${meant}} for the variable, or "\\$" in quotes for the sign itself` });
  }

  /** A quoted string on one line: in double quotes variables and all escapes, in single quotes only \' and \\. */
  #quoted(mark: '"' | '\''): (string | VariablePiece)[] {
    const opened = this.#place();
    const pieces: (string | VariablePiece)[] = [''];
    this.#at++;
    for (;;) {
      const text = this.#match(mark === '"' ? doubleText : singleText);
      if (text !== undefined) {
        pieces.push(text[0]);
        continue;
      }
      const char = this.#source[this.#at];
      if (char === mark) {
        this.#at++;
        return pieces;
      }
      if (char === undefined || char === '\n' || char === '\r') {
        throw this.#fail('this quote is not closed on its line', opened, { hint: 'close it, and write a line feed as \\n' });
      }
      if (char === '\t') {
        this.#at++;
        pieces.push(char);
      } else if (char === '\\') {
        pieces.push(mark === '"' ? this.#escape() : this.#singleEscape());
      } else if (char === '$') {
        pieces.push(this.#variable());
      } else {
        throw this.#stray();
      }
    }
  }

  #singleEscape(): string {
    const match = this.#match(/\\(['\\])/y);
    if (match === undefined) throw this.#fail('in single quotes only \\\' and \\\\ are escapes', undefined, { hint: 'write \\\\ for a backslash' });
    return match[1] ?? '';
  }

  #escape(): string {
    const point = this.#match(/\\u\{([0-9A-Fa-f]{1,6})\}/y);
    if (point !== undefined) {
      const code = Number.parseInt(point[1] ?? '', 16);
      if (code <= 0x10ffff) return String.fromCodePoint(code);
      this.#at -= point[0].length;
    }
    const text = escapes.get(this.#source[this.#at + 1] ?? '');
    if (text === undefined) {
      throw this.#fail('an unknown escape', undefined, { hint: 'escapes are \\n \\t \\r \\\\ \\" \\\' \\$ and \\u{HEX}' });
    }
    this.#at += 2;
    return text;
  }
}
