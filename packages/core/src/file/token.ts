import type { Place } from '../errors.ts';

/** A variable's value is put in here. */
export interface VariablePiece {
  readonly variable: string;
  readonly place: Place;
}

export interface Word {
  readonly kind: 'word';
  /** Literal text and variables, to be joined. */
  readonly pieces: readonly (string | VariablePiece)[];
  /** Written without quotes or variables: only such a word can be a keyword. */
  readonly bare: boolean;
  readonly place: Place;
}

/** `$name =` */
export interface Define {
  readonly kind: 'define';
  readonly name: string;
  readonly place: Place;
}

export interface Punctuation {
  readonly kind: ';' | '{' | '}' | 'end';
  readonly place: Place;
}

export type Token = Word | Define | Punctuation;
