import { VimageError, type Place } from '../errors.ts';
import { quote, utf8Length } from '../param/text.ts';
import { pairsLimit } from '../pairs/limits.ts';
import { suggestion } from '../pairs/nearest.ts';
import type { Pair } from '../pairs/pairs.ts';
import { fileLimit, includeLimit, includesLimit, nestingLimit } from './limits.ts';
import { includePath } from './path.ts';
import { parseStatements, type Statement, type WordsStatement } from './syntax.ts';
import { Variables } from './variables.ts';
import type { FileImage } from './ast.ts';
import type { Word } from './token.ts';

/** A file that is wanted; the driver sends its text back. */
export interface IncludeRequest {
  readonly path: string;
  readonly place: Place;
}

type Steps<T> = Generator<IncludeRequest, T, string>;

interface PlacedPair {
  readonly pair: Pair;
  readonly place: Place;
}

/** Where statements stand, and what takes what they say. */
type Block =
  | { readonly kind: 'top'; readonly images: FileImage[]; readonly names: Set<string> }
  | { readonly kind: 'image'; readonly images: FileImage[]; readonly names: Set<string>; readonly pairs: PlacedPair[]; readonly sections: PlacedPair[] }
  | { readonly kind: 'vir'; readonly pairs: PlacedPair[] };

interface Position {
  readonly variables: Variables;
  readonly depth: number;
  /** The file and those that included it, innermost last. */
  readonly files: readonly (string | undefined)[];
  readonly count: { bytes: number; includes: number };
}

/** Reads a source into images. Yields each file to include. Errors carry file, line and column. */
export function* evaluateFile(source: string, file: string | undefined): Steps<readonly FileImage[]> {
  const images: FileImage[] = [];
  const position: Position = { variables: new Variables(undefined), depth: 0, files: [file], count: { bytes: 0, includes: 0 } };
  const statements = read(source, position, file === undefined ? {} : { file });
  yield* run(statements, { kind: 'top', images, names: new Set() }, position);
  return images;
}

function fail(message: string, place: Place, hint?: string, subject?: string): VimageError {
  return new VimageError('EINVAL', message, { place, ...(hint === undefined ? {} : { hint }), ...(subject === undefined ? {} : { subject }) });
}

function read(source: string, { count, files }: Position, place: Place): readonly Statement[] {
  count.bytes += source.length > fileLimit ? source.length : utf8Length(source);
  if (count.bytes > fileLimit) throw new VimageError('E2BIG', `the file, with what it includes, is longer than ${fileLimit} bytes`, { place });
  return parseStatements(source, files.at(-1));
}

function* run(statements: readonly Statement[], block: Block, position: Position): Steps<void> {
  for (const statement of statements) {
    if (statement.kind === 'define') position.variables.define(statement.name, position.variables.expand(statement.value));
    else if (isKeyword(statement.first, 'include')) yield* include(statement, block, position);
    else if (block.kind === 'vir') addPair(block.pairs, statement.first, statement, position);
    else if (isKeyword(statement.first, 'image')) yield* image(statement, block, position);
    else if (block.kind === 'top') throw strayTop(statement);
    else if (literal(statement.first) === 'vir') yield* section(statement, block, position);
    else addImagePair(statement, block.pairs, position);
  }
}

function literal(word: Word): string | undefined {
  const [first] = word.pieces;
  if (word.pieces.length === 1 && typeof first === 'string') return first;
  return word.pieces.every((piece) => typeof piece === 'string') ? word.pieces.join('') : undefined;
}

function isKeyword(word: Word, keyword: string): boolean {
  return word.bare && literal(word) === keyword;
}

function strayTop({ first, place }: WordsStatement): VimageError {
  const word = literal(first) ?? '';
  const hint = suggestion(word, ['image', 'include']) ?? 'parameters and "vir" stand inside: image NAME { ... }';
  return fail(`expected "image NAME {", not ${quote(word)}`, place, hint, word);
}

function deeper(position: Position, place: Place): Position {
  if (position.depth >= nestingLimit) throw fail(`blocks are nested more than ${nestingLimit} deep`, place);
  return { ...position, depth: position.depth + 1, variables: new Variables(position.variables) };
}

function* include({ rest, body, place }: WordsStatement, block: Block, position: Position): Steps<void> {
  const [word, more] = rest;
  if (word === undefined || more !== undefined || body !== undefined) throw fail('expected one file after "include"', place, 'write: include "other.rc";');
  const written = position.variables.expand(word);
  if (written === '' || written.endsWith('/') || /\p{Cc}/u.test(written)) throw fail(`expected the path of a file, not ${quote(written)}`, word.place);
  const path = includePath(position.files.at(-1), written);
  if (position.files.includes(path)) {
    const circle = [...position.files.slice(position.files.indexOf(path)), path].join(' → ');
    throw new VimageError('ELOOP', `files include each other in a circle: ${circle}`, { subject: path, place: word.place });
  }
  if (position.files.length > includeLimit) throw new VimageError('ELOOP', `files include files more than ${includeLimit} deep`, { subject: path, place: word.place });
  if (++position.count.includes > includesLimit) throw new VimageError('E2BIG', `more than ${includesLimit} files are included`, { subject: path, place: word.place });
  const source = yield { path, place: word.place };
  const inner = { ...position, files: [...position.files, path] };
  yield* run(read(source, inner, word.place), block, inner);
}

function* image({ rest, body, place }: WordsStatement, block: Extract<Block, { images: unknown }>, position: Position): Steps<void> {
  const [word, more] = rest;
  if (word === undefined || more !== undefined) throw fail('expected one name after "image"', (more ?? word)?.place ?? place, 'write: image NAME { ... }');
  const name = position.variables.expand(word);
  if (name === '') throw fail('an image\'s name is empty', word.place);
  if (block.names.has(name)) {
    throw new VimageError('EEXIST', `image ${quote(name)} stands here twice`, { subject: name, place: word.place, hint: 'put everything into one block' });
  }
  block.names.add(name);
  const inner = { kind: 'image', images: [], names: new Set<string>(), pairs: [], sections: [] } satisfies Block;
  if (body !== undefined) yield* run(body, inner, deeper(position, place));
  const placed: readonly PlacedPair[] = [...inner.pairs, ...inner.sections];
  if (placed.length > pairsLimit) throw new VimageError('E2BIG', `image ${quote(name)} has more than ${pairsLimit} pairs`, { subject: name, place });
  block.images.push({ name, pairs: placed.map(({ pair }) => pair), places: placed.map((each) => each.place), children: inner.images, place });
}

function* section(statement: WordsStatement, block: Extract<Block, { sections: unknown }>, position: Position): Steps<void> {
  const { rest, body, place } = statement;
  const [word, key, ...values] = rest;
  if (word === undefined) throw fail('expected a component after "vir"', place, 'write: vir NAME { ... }');
  if (key !== undefined && body !== undefined) throw fail('expected "{" after the component', key.place, 'write: vir NAME { ... }');
  const pairs: PlacedPair[] = [{ pair: ['vir', position.variables.expand(word)], place: word.place }];
  if (key !== undefined) addPair(pairs, key, { kind: 'words', first: key, rest: values, place: key.place }, position);
  if (body !== undefined) yield* run(body, { kind: 'vir', pairs }, deeper(position, place));
  for (const pair of pairs) block.sections.push(pair);
}

function addImagePair(statement: WordsStatement, pairs: PlacedPair[], position: Position): void {
  const key = literal(statement.first);
  if (key === 'name') throw fail('the name of an image stands after "image"', statement.place, 'write: image NAME { ... }', key);
  if (key === 'parent') throw fail('the parent of an image is the image around it', statement.place, 'nest the images, or write: image PARENT.NAME { ... }', key);
  addPair(pairs, statement.first, statement, position);
}

function bareQuote(text: string): string {
  return quote(text).slice(1, -1);
}

/** `key value;`; several values are as many pairs. */
function addPair(pairs: PlacedPair[], word: Word, { rest, body, place }: WordsStatement, { variables }: Position): void {
  const key = literal(word);
  if (key === undefined) throw fail('a variable cannot stand in a key', place);
  if (key === '') throw fail('a key is empty', place);
  if (key === 'vir') throw fail('"vir" cannot stand within "vir"', place, 'close the section before it with "}"', key);
  if (body !== undefined) {
    const hint = key === 'image' ? 'close the section before it with "}"' : `a section is written: vir ${/^[a-z][a-z0-9]*$/.test(key) ? key : 'NAME'} { ... }`;
    throw fail(`${quote(key)} is a parameter here and cannot have a block`, place, hint, key);
  }
  if (rest.length === 0) {
    const at = key.indexOf('=');
    const [name, value] = at > 0 ? [key.slice(0, at), key.slice(at + 1)] : [key, ''];
    throw fail(`${quote(key)} has no value`, place, `write: ${bareQuote(name)} ${value === '' ? 'VALUE' : bareQuote(value)};`, key);
  }
  for (const [i, value] of rest.entries()) pairs.push({ pair: [key, variables.expand(value)], place: i === 0 ? place : value.place });
  if (pairs.length > pairsLimit) throw new VimageError('E2BIG', `more than ${pairsLimit} pairs in one image`, { place });
}
