import { VimageError } from '../errors.ts';
import { quote, utf8Length } from '../param/text.ts';
import { valueLimit } from '../pairs/limits.ts';
import { suggestion } from '../pairs/nearest.ts';
import { expansionLimit } from './limits.ts';
import type { Word } from './token.ts';

/** What all scopes of one file count together. */
export interface Expansion {
  /** Characters that variables put in so far. */
  total: number;
}

/** Variables of one block; what is not here is looked for in the block around it. Values are expanded when defined, so none can be circular. */
export class Variables {
  readonly #own = new Map<string, string>();
  readonly #outer: Variables | undefined;
  readonly #expansion: Expansion;

  constructor(outer: Variables | undefined) {
    this.#outer = outer;
    this.#expansion = outer === undefined ? { total: 0 } : outer.#expansion;
  }

  define(name: string, value: string): void {
    this.#own.set(name, value);
  }

  #find(name: string): string | undefined {
    const value = this.#own.get(name);
    return value !== undefined || this.#outer === undefined ? value : this.#outer.#find(name);
  }

  #names(): string[] {
    const outer = this.#outer === undefined ? [] : this.#outer.#names();
    return [...this.#own.keys(), ...outer];
  }

  /** A word's text. EINVAL: an undefined variable. E2BIG: longer than a value may be, or too much in all. */
  expand(word: Word): string {
    let text = '';
    for (const piece of word.pieces) {
      if (typeof piece === 'string') {
        text += piece;
      } else {
        const value = this.#find(piece.variable);
        if (value === undefined) {
          const near = suggestion(piece.variable, this.#names());
          throw new VimageError('EINVAL', `the variable "\${${piece.variable}}" is not defined here`, {
            subject: piece.variable,
            hint: near ?? `define it above: $${piece.variable} = value;`,
            place: piece.place,
          });
        }
        text += value;
        this.#expansion.total += value.length;
      }
      if (text.length > valueLimit) break;
    }
    if (text.length > valueLimit || (text.length * 3 > valueLimit && utf8Length(text) > valueLimit)) {
      throw new VimageError('E2BIG', `${quote(text)} is longer than ${valueLimit} bytes`, { place: word.place });
    }
    if (this.#expansion.total > expansionLimit) {
      throw new VimageError('E2BIG', `variables put in more than ${expansionLimit} characters`, { place: word.place });
    }
    return text;
  }
}
