import { coded } from './error.ts';
import { referenceLimit } from './limits.ts';
import type { Reference } from './token.ts';

/** Collects what a word is made of; texts that stand together are one. */
export class Pieces {
  readonly #list: (string | Reference)[] = [];
  #text: string[] = [];
  #begun = false;

  get empty(): boolean {
    return !this.#begun;
  }

  add(piece: string | Reference): void {
    this.#begun = true;
    if (typeof piece === 'string') {
      this.#text.push(piece);
      return;
    }
    this.#close();
    this.#list.push(piece);
    if (this.#list.length > referenceLimit) throw coded('E2BIG', `more than ${referenceLimit} variables in one text`, piece.place, 'cut the text into several values');
  }

  end(): readonly (string | Reference)[] {
    this.#close();
    return this.#list.length === 0 ? [''] : this.#list;
  }

  #close(): void {
    const text = this.#text.join('');
    if (text !== '') this.#list.push(text);
    this.#text = [];
  }
}
