import type { ConfPlace } from './types.ts';

/** `$name` or `${name}`: the value of a parameter or variable of the jail is put in here. */
export interface Reference {
  readonly variable: string;
  readonly place: ConfPlace;
}

/** A string of the file: text and variables that stand together without space. */
export interface Word {
  readonly kind: 'word';
  readonly pieces: readonly (string | Reference)[];
  readonly place: ConfPlace;
}

export interface Punctuation {
  readonly kind: ';' | ',' | '=' | '+=' | '{' | '}' | 'end';
  readonly place: ConfPlace;
}

export type Token = Word | Punctuation;

/** The text of a word without variables, else undefined. */
export function plainText({ pieces }: Word): string | undefined {
  return pieces.every((piece) => typeof piece === 'string') ? pieces.join('') : undefined;
}
