import { Cursor } from './cursor.ts';
import { coded, confError, shown } from './error.ts';
import { wordLimit } from './limits.ts';
import type { Token } from './token.ts';
import { readWord } from './word.ts';

const space = /[ \t\r\n]+/y;
const lineComment = /(?:#|\/\/)[^\n]*/y;
const mark = /\+=|[,;={}]/y;
const marks: Readonly<Record<string, ';' | ',' | '=' | '+=' | '{' | '}'>> = { ';': ';', ',': ',', '=': '=', '+=': '+=', '{': '{', '}': '}' };

/** What the lexers of one file and those it includes count together. */
export interface WordCount {
  words: number;
}

/** Cuts a file into tokens, one at a time. Errors are EINVAL with their place. */
export class Lexer {
  readonly #cursor: Cursor;
  readonly #count: WordCount;

  constructor(text: string, file: string, count: WordCount) {
    this.#count = count;
    this.#cursor = new Cursor(text, file);
    const odd = /[\0\p{Surrogate}]/u.exec(text);
    if (odd === null) return;
    const before = new Cursor(text, file);
    before.skip(odd.index - (text.startsWith('\ufeff') ? 1 : 0));
    throw confError(odd[0] === '\0' ? 'a NUL stands here' : 'half of a surrogate pair stands here', before.place, 'the file is to be UTF-8 text');
  }

  next(): Token {
    this.#skip();
    const cursor = this.#cursor;
    const { place } = cursor;
    if (cursor.peek() === undefined) return { kind: 'end', place };
    const kind = marks[cursor.match(mark)?.[0] ?? ''];
    if (kind !== undefined) return { kind, place };
    const word = readWord(cursor);
    if (word !== undefined) {
      this.#count.words += word.pieces.length;
      if (this.#count.words > wordLimit) throw coded('E2BIG', `more than ${wordLimit} words in the file and what it includes`, place, 'cut it into several files and read them one by one');
      return word;
    }
    const char = cursor.match(/./suy)?.[0] ?? '';
    throw confError(`${shown(char)} cannot stand here without quotes`, place, 'put the whole text into quotes');
  }

  /** Passes over space and comments. */
  #skip(): void {
    const cursor = this.#cursor;
    for (;;) {
      if (cursor.startsWith('/*')) {
        const end = cursor.find('*/', 2);
        if (end < 0) throw confError('this comment is not closed', cursor.place, 'close it with */, or put a path like /* into quotes');
        cursor.skip(end + 2);
      } else if (cursor.match(space) === undefined && cursor.match(lineComment) === undefined) {
        return;
      }
    }
  }
}
