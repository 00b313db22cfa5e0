import { isBoolean, withoutNo } from './boolean.ts';
import { confError, shown } from './error.ts';
import type { ParamStatement } from './syntax.ts';
import type { Word } from './token.ts';
import type { ConfPlace } from './types.ts';

/** A parameter or variable of one jail, not yet expanded. */
export interface Entry {
  readonly name: string;
  /** It was written as a boolean that jail(8) knows, with `no` before its name. */
  readonly negated: boolean;
  readonly values: Word[];
  readonly place: ConfPlace;
}

/** Names that a variable cannot have, as jail(8) knows a parameter of that name. */
const taken: ReadonlySet<string> = new Set(['command', 'depend', 'interface', 'ip_hostname', 'jid', 'mount', 'name', 'path', 'persist', 'securelevel', 'devfs_ruleset', 'vnet']);

/** jail(8) takes a jail whose name is a number for one whose `jid` that is. */
export function isNumeric(jail: string): boolean {
  return /^[+-]?\d+$/.test(jail) && Number(jail) !== 0;
}

/** What the statements of one jail come to, before expansion: later ones replace, `+=` appends. */
export class Merged {
  readonly jail: string;
  readonly params: Map<string, Entry> = new Map();
  readonly variables: Map<string, Entry> = new Map();

  constructor(jail: string) {
    this.jail = jail;
  }

  add(statement: ParamStatement): void {
    const { name, place } = statement;
    if (statement.variable) {
      if (taken.has(name) || this.#param(name) !== undefined) throw clash(name, place);
      put(this.variables, name, name, false, statement);
      return;
    }
    if (name === (isNumeric(this.jail) ? 'jid' : 'name')) {
      throw confError(`${shown(name)} is what stands before the block, ${shown(this.jail)}, and cannot be set`, place, 'change the name of the block', name);
    }
    if (this.variables.has(name)) throw clash(name, place);
    const plain = withoutNo(name);
    const negated = plain !== undefined && isBoolean(plain);
    put(this.params, keyOf(name), negated ? plain : name, negated, statement);
  }

  find(name: string): Entry | undefined {
    return this.variables.get(name) ?? this.#param(name);
  }

  #param(name: string): Entry | undefined {
    const entry = this.params.get(keyOf(name));
    return entry?.name === name ? entry : undefined;
  }
}

/** `x` and `nox` are one parameter, whether it is known or not. */
function keyOf(name: string): string {
  return withoutNo(name) ?? name;
}

function put(entries: Map<string, Entry>, key: string, name: string, negated: boolean, { append, values, place }: ParamStatement): void {
  const before = entries.get(key);
  if (append && before !== undefined && before.name === name && before.negated === negated) {
    for (const value of values) before.values.push(value);
    entries.set(key, { ...before, place });
  } else {
    entries.set(key, { name, negated, values: [...values], place });
  }
}

function clash(name: string, place: ConfPlace): Error {
  return confError(`${shown(`$${name}`)} cannot have the name of a parameter`, place, 'give the variable another name', name);
}
