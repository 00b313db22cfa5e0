import { coded, confError, shown } from './error.ts';
import { Lexer, type WordCount } from './lexer.ts';
import { nestingLimit } from './limits.ts';
import { checkLength } from './name.ts';
import { plainText, type Token, type Word } from './token.ts';
import type { ConfPlace } from './types.ts';

/** `name;` `name = value, value;` `name += value;`, where the name may be a variable's. */
export interface ParamStatement {
  readonly kind: 'param';
  readonly name: string;
  /** It defines a variable: `$name = value;`. */
  readonly variable: boolean;
  readonly append: boolean;
  readonly values: readonly Word[];
  readonly place: ConfPlace;
}

/** `name { ... }`; a block within it is a jail inside that one. */
export interface JailStatement {
  readonly kind: 'jail';
  readonly name: string;
  readonly body: readonly Statement[];
  readonly place: ConfPlace;
}

export type Statement = ParamStatement | JailStatement;

/** Reads one file into statements, by the grammar of jail.conf(5); what names mean is not known here. Errors are EINVAL with their place. */
export function parseConf(text: string, file: string, count: WordCount): readonly Statement[] {
  return block(new Lexer(text, file, count), undefined, 0);
}

/** Statements up to the brace that closes `opened`, or to the end of the file. */
function block(lexer: Lexer, opened: ConfPlace | undefined, depth: number): readonly Statement[] {
  const statements: Statement[] = [];
  for (;;) {
    const token = lexer.next();
    if (token.kind === ';') continue;
    if (token.kind === 'end') {
      if (opened !== undefined) throw confError('this "{" is not closed', opened, 'close it with "}"');
      return statements;
    }
    if (token.kind === '}') {
      if (opened === undefined) throw confError('this "}" closes nothing', token.place, 'remove it, or look for a block that is closed twice');
      return statements;
    }
    const first = opening(token);
    const second = lexer.next();
    statements.push(second.kind === '{' ? jail(lexer, first, second.place, depth) : param(lexer, first, second));
  }
}

function opening(token: Token): Word {
  if (token.kind === 'word') return token;
  throw confError(`expected the name of a jail or a parameter, not ${told(token)}`, token.place, 'write: name { ... } or: parameter = value;');
}

function told(token: Token): string {
  if (token.kind === 'end') return 'the end of the file';
  return token.kind === 'word' ? shown(token.pieces.map((piece) => typeof piece === 'string' ? piece : `\${${piece.variable}}`).join('')) : `"${token.kind}"`;
}

function jail(lexer: Lexer, word: Word, opened: ConfPlace, depth: number): JailStatement {
  const { place } = word;
  const name = plainText(word);
  if (name === undefined) throw confError('a variable cannot stand in the name of a jail', place, 'write the name itself');
  if (depth >= nestingLimit) throw coded('E2BIG', `blocks are nested more than ${nestingLimit} deep`, opened, 'write: parent.child { ... }', name);
  return { kind: 'jail', name, body: block(lexer, opened, depth + 1), place };
}

function param(lexer: Lexer, word: Word, second: Token): ParamStatement {
  const { place } = word;
  const head = { kind: 'param' as const, ...naming(word), place };
  if (second.kind === ';') return { ...head, append: false, values: [] };
  // As jail(8) has it, the sign may be left out: name value;
  const append = second.kind === '+=';
  const first = append || second.kind === '=' ? lexer.next() : second;
  return { ...head, append, values: list(lexer, head.name, first) };
}

function naming({ pieces, place }: Word): { name: string; variable: boolean } {
  const [only, more] = pieces;
  if (only !== undefined && typeof only !== 'string' && more === undefined) return { name: only.variable, variable: true };
  if (!pieces.every((piece) => typeof piece === 'string')) throw confError('a variable cannot stand in the name of a parameter', place, 'a variable with dots in its name is written: ${a.b} = value;');
  const name = pieces.join('');
  checkLength(name, place);
  if (name === '') throw confError('the name of a parameter is empty', place, 'write: parameter = value;');
  return { name, variable: false };
}

function list(lexer: Lexer, name: string, first: Token): readonly Word[] {
  const values: Word[] = [];
  for (let token = first; ; token = lexer.next()) {
    if (token.kind !== 'word') throw confError(`expected a value of ${shown(name)}, not ${told(token)}`, token.place, 'write a value; an empty one is \'\', and what has one of ; , = { } in it stands in quotes', name);
    values.push(token);
    const after = lexer.next();
    if (after.kind === ';') return values;
    if (after.kind === ',') continue;
    throw confError(`expected ";" or "," after a value of ${shown(name)}, not ${told(after)}`, after.place, 'end the statement with ";"; a value with spaces or one of ; , = { } in it stands in quotes', name);
  }
}
