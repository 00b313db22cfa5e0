import type { ConfPlace } from './types.ts';

/** A position in the text of a file; each character is passed once. */
export class Cursor {
  readonly text: string;
  readonly file: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;
  /** The next line feed, or -1: looked for once each, so that a long line costs no more than many short ones. */
  #feed: number;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    this.#feed = text.indexOf('\n');
    if (text.startsWith('\ufeff')) this.#at = this.#lineStart = 1;
  }

  get place(): ConfPlace {
    return { file: this.file, line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  /** The character `ahead` of the position, or undefined after the end. */
  peek(ahead: number = 0): string | undefined {
    return this.text[this.#at + ahead];
  }

  startsWith(word: string): boolean {
    return this.text.startsWith(word, this.#at);
  }

  /** Where `word` next stands, counted from the position, or -1. */
  find(word: string, ahead: number): number {
    const at = this.text.indexOf(word, this.#at + ahead);
    return at < 0 ? -1 : at - this.#at;
  }

  /** What a sticky pattern matches here, passed over. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.skip(match[0].length);
    return match;
  }

  skip(length: number): void {
    this.#at += length;
    while (this.#feed >= 0 && this.#feed < this.#at) {
      this.#line++;
      this.#lineStart = this.#feed + 1;
      this.#feed = this.text.indexOf('\n', this.#lineStart);
    }
  }
}
