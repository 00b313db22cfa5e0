import { VimageError, type Place } from '../errors.ts';
import { Lexer } from './lexer.ts';
import { nestingLimit } from './limits.ts';
import type { Define, Token, Word } from './token.ts';

/** `$name = word;` */
export interface DefineStatement {
  readonly kind: 'define';
  readonly name: string;
  readonly value: Word;
  readonly place: Place;
}

/** `word word ... ;` or `word word ... { ... }`; what the words mean depends on where they stand. */
export interface WordsStatement {
  readonly kind: 'words';
  readonly first: Word;
  readonly rest: readonly Word[];
  readonly body?: readonly Statement[];
  readonly place: Place;
}

export type Statement = DefineStatement | WordsStatement;

/** Reads one source into statements; keywords are not known here. Errors are EINVAL with file, line and column. */
export function parseStatements(source: string, file: string | undefined): readonly Statement[] {
  const lexer = new Lexer(source, file);
  return block(lexer, undefined, 0);
}

function fail(message: string, place: Place, hint?: string): VimageError {
  return new VimageError('EINVAL', message, { place, ...(hint === undefined ? {} : { hint }) });
}

/** Statements up to the brace that closes `opened`, or to the end of the file. */
function block(lexer: Lexer, opened: Place | undefined, depth: number): readonly Statement[] {
  const statements: Statement[] = [];
  for (;;) {
    const token = lexer.next();
    if (token.kind === ';') continue;
    if (token.kind === 'word') {
      statements.push(words(lexer, token, depth));
    } else if (token.kind === 'define') {
      statements.push(define(lexer, token));
    } else if (token.kind === '{') {
      throw fail('this "{" follows nothing', token.place, 'a block begins with: image NAME {');
    } else if (token.kind === '}') {
      if (opened === undefined) throw fail('this "}" closes nothing', token.place);
      return statements;
    } else {
      if (opened !== undefined) throw fail('this "{" is not closed', opened, 'close it with "}"');
      return statements;
    }
  }
}

function words(lexer: Lexer, first: Word, depth: number): Statement {
  const rest: Word[] = [];
  const { place } = first;
  let last = first;
  for (let token = lexer.next(); ; token = lexer.next()) {
    if (token.kind === 'word') {
      rest.push(token);
      last = token;
    } else if (token.kind === ';') {
      return { kind: 'words', first, rest, place };
    } else if (token.kind === '{') {
      if (depth >= nestingLimit) throw fail(`blocks are nested more than ${nestingLimit} deep`, token.place);
      return { kind: 'words', first, rest, place, body: block(lexer, token.place, depth + 1) };
    } else {
      throw unended(last, token);
    }
  }
}

function define(lexer: Lexer, { name, place }: Define): Statement {
  const value = lexer.next();
  if (value.kind !== 'word') throw fail(`"$${name}" has no value`, place, `write: $${name} = value;`);
  const end = lexer.next();
  if (end.kind !== ';') throw unended(value, end);
  return { kind: 'define', name, value, place };
}

function unended(last: Word, token: Token): VimageError {
  const what = token.kind === 'end' ? 'the end of the file' : token.kind === 'define' ? `"$${token.name}"` : token.kind === 'word' ? 'another word' : `"${token.kind}"`;
  return fail(`expected ";" before ${what}`, last.place, 'every statement ends in ";"');
}
