import { codeOf, VimageError } from '@vimage/core';
import { coded, confError, shown } from './error.ts';
import { includeDepth, includeLimit, inputLimit, nestingLimit } from './limits.ts';
import { checkName } from './name.ts';
import { parseConf, type ParamStatement, type Statement } from './syntax.ts';
import { plainText, type Word } from './token.ts';
import type { ConfPlace, ConfSource } from './types.ts';

/** What one block says, in the order of the file: a jail's, a wildcard's, or `*` for what stands outside of blocks. */
export interface Block {
  readonly name: string;
  readonly params: ParamStatement[];
  readonly place: ConfPlace;
}

/** Reads a file and what it includes into blocks. */
export class Blocks {
  readonly list: Block[] = [];
  readonly #source: ConfSource;
  readonly #count = { words: 0 };
  #size = 0;
  #includes = 0;

  constructor(source: ConfSource) {
    this.#source = source;
  }

  /** `files` are those that include each other, innermost last. */
  add(text: string, files: readonly string[], inside: Block | undefined, depth: number, place: ConfPlace): void {
    this.#size += text.length;
    if (this.#size > inputLimit) throw coded('E2BIG', `the file, with what it includes, has more than ${inputLimit} characters`, place, 'cut it into several files and read them one by one');
    this.#run(parseConf(text, files.at(-1) ?? '', this.#count), files, inside, depth);
  }

  #run(statements: readonly Statement[], files: readonly string[], inside: Block | undefined, depth: number): void {
    for (const statement of statements) {
      const { place } = statement;
      if (statement.kind === 'jail') {
        const name = inside === undefined ? statement.name : `${inside.name}.${statement.name}`;
        checkName(name, place);
        if (depth >= nestingLimit) throw coded('E2BIG', `blocks are nested more than ${nestingLimit} deep`, place, 'write: parent.child { ... }', name);
        const block: Block = { name, params: [], place };
        this.list.push(block);
        this.#run(statement.body, files, block, depth + 1);
      } else if (!statement.variable && statement.name === '.include') {
        this.#include(statement, files, inside, depth);
      } else {
        (inside ?? this.#global(place)).params.push(statement);
      }
    }
  }

  /** Globals that follow each other are one wildcard. */
  #global(place: ConfPlace): Block {
    const last = this.list.at(-1);
    if (last?.name === '*') return last;
    const block: Block = { name: '*', params: [], place };
    this.list.push(block);
    return block;
  }

  #include({ values, append, place }: ParamStatement, files: readonly string[], inside: Block | undefined, depth: number): void {
    if (values.length === 0 || append) throw confError('expected a file after .include', place, 'write: .include "file.conf";', '.include');
    for (const value of values) {
      for (const { file, text } of this.#read(value, files.at(-1) ?? '')) {
        if (files.includes(file)) {
          const circle = [...files.slice(files.indexOf(file)), file].join(' → ');
          throw coded('ELOOP', `files include each other in a circle: ${circle}`, value.place, 'take one of these .include out', file);
        }
        if (files.length > includeDepth) throw coded('ELOOP', `files include files more than ${includeDepth} deep`, value.place, 'include them from one file', file);
        if (++this.#includes > includeLimit) throw coded('E2BIG', `more than ${includeLimit} files are included`, value.place, 'put them into fewer files', file);
        this.add(text, [...files, file], inside, depth, value.place);
      }
    }
  }

  #read(value: Word, from: string): ReturnType<ConfSource['read']> {
    const { place } = value;
    const pattern = plainText(value);
    if (pattern === undefined) throw confError('a variable cannot stand in the name of an included file', place, 'write the name itself');
    if (pattern === '' || /\p{Cc}/u.test(pattern)) throw confError(`expected the name of a file, not ${shown(pattern)}`, place, 'write: .include "file.conf";');
    try {
      return this.#source.read(pattern, from);
    } catch (cause) {
      if (!(cause instanceof VimageError)) throw cause;
      const message = `${place.file}:${place.line}:${place.column}: cannot include ${shown(pattern)}: ${cause.message}`;
      throw new VimageError(codeOf(cause) ?? 'EIO', message, { subject: pattern, place, cause, hint: cause.hint ?? 'a pattern that fits no file includes nothing; a name without *, ? and [ must exist' });
    }
  }
}
