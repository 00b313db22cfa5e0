import { suggestion } from '@vimage/core';
import { coded, confError, shown } from './error.ts';
import { expansionLimit, variableDepth } from './limits.ts';
import { isNumeric, type Entry, type Merged } from './merge.ts';
import type { Reference, Word } from './token.ts';

/** What the jails of one file count together. */
export interface Expansion {
  /** Characters and values so far. */
  total: number;
}

/** Puts in the variables of one jail. */
export class Expander {
  readonly #merged: Merged;
  readonly #expansion: Expansion;
  readonly #done = new Map<Entry, readonly string[]>();
  readonly #open = new Set<Entry>();

  constructor(merged: Merged, expansion: Expansion) {
    this.#merged = merged;
    this.#expansion = expansion;
  }

  /** An entry's values. EINVAL: an unknown variable, or a list within a text. ELOOP: a variable of itself. E2BIG: too much in all. */
  values(entry: Entry): readonly string[] {
    const known = this.#done.get(entry);
    if (known !== undefined) return known;
    this.#open.add(entry);
    const values: string[] = [];
    for (const word of entry.values) {
      for (const value of this.#word(word)) values.push(value);
    }
    this.#open.delete(entry);
    this.#done.set(entry, values);
    return values;
  }

  #word(word: Word): readonly string[] {
    const [only, more] = word.pieces;
    if (more === undefined && only !== undefined && typeof only !== 'string') return this.#count(this.#reference(only), word);
    return this.#count([word.pieces.map((piece) => typeof piece === 'string' ? piece : this.#inline(piece)).join('')], word);
  }

  #inline(reference: Reference): string {
    const [value = '', more] = this.#reference(reference);
    if (more !== undefined) throw confError(`${this.#told(reference)} is a list and cannot stand within a text`, reference.place, 'let it be a value of its own', reference.variable);
    // Counted before it is put in, so that nothing too long is ever made.
    return this.#count([value], reference)[0] ?? '';
  }

  #count(values: readonly string[], { place }: Word | Reference): readonly string[] {
    for (const value of values) this.#expansion.total += value.length + 1;
    if (this.#expansion.total > expansionLimit) throw coded('E2BIG', `the values of all jails have more than ${expansionLimit} characters`, place, 'look for a variable that repeats another many times');
    return values;
  }

  #reference(reference: Reference): readonly string[] {
    const { variable, place } = reference;
    const entry = this.#merged.find(variable);
    if (entry === undefined) return this.#implied(reference);
    if (this.#open.has(entry)) throw coded('ELOOP', `${this.#told(reference)} contains itself`, place, 'take it out of its own value', variable);
    if (this.#open.size >= variableDepth) throw coded('E2BIG', `variables stand in variables more than ${variableDepth} deep`, place, 'write some of them out', variable);
    if (entry.values.length === 0) throw confError(`${this.#told(reference)} has no value`, place, `it is a flag, set at ${entry.place.file}:${entry.place.line}`, variable);
    return this.values(entry);
  }

  #implied(reference: Reference): readonly string[] {
    const { variable, place } = reference;
    const { jail, params, variables } = this.#merged;
    if (variable === 'name' || (variable === 'jid' && isNumeric(jail))) return [jail];
    const names = ['name', ...variables.keys(), ...[...params.values()].map(({ name }) => name)].slice(0, 1000);
    throw confError(`${this.#told(reference)} is not set`, place, suggestion(variable, names) ?? `set it for this jail: $${variable} = value;`, variable);
  }

  #told({ variable }: Reference): string {
    return `the variable ${shown(`\${${variable}}`)} of jail ${shown(this.#merged.jail)}`;
  }
}
