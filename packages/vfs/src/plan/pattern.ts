import { join, namesOf } from './path.ts';

/** A pattern (`deny`), and how many of its parts a path has passed. */
export interface At {
  readonly pattern: Pattern;
  readonly at: number;
}

/** Where a path stands in some patterns; empty: nothing below it can be meant. */
export type Standing = readonly At[];

export interface Pattern {
  readonly text: string;
  readonly parts: readonly (RegExp | string | undefined)[];
}

/** Reads what `patternType` let pass: a literal name, an expression for names, or undefined for any directories. */
export function compile(text: string): Pattern {
  const names = namesOf(text);
  return { text, parts: (names.at(-1) === '**' ? [...names, '*'] : names).map(part) };
}

/** Only these very names are meant. */
export function literal(path: string): Pattern {
  return { text: path, parts: namesOf(path) };
}

/** The directory in which all is that a pattern means: its names before the last, up to the first that is none. */
export function baseOf({ parts }: Pattern): string {
  const names: string[] = [];
  for (const each of parts.slice(0, -1)) {
    if (typeof each !== 'string') break;
    names.push(each);
  }
  return join('/', ...names);
}

function part(name: string): RegExp | string | undefined {
  if (name === '**') return undefined;
  if (!/[*?[]/.test(name)) return name;
  const source = name.replace(/\[([!^]?)([^\]]+)\]|\*|\?|[\\^$.|+(){}\]/]/g, (found, not: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${not === '' ? '' : '^'}${set.replace(/[\\[\]^]/g, '\\$&')}]`;
    return found === '*' ? '.*' : found === '?' ? '.' : `\\${found}`;
  });
  return new RegExp(`^${source}$`, 'su');
}

/** Before the first name. */
export function begin(patterns: readonly Pattern[]): Standing {
  return patterns.flatMap((pattern) => closed({ pattern, at: 0 }));
}

/** `**` may also stand for no directory. */
function closed(state: At): Standing {
  const { pattern, at } = state;
  return at < pattern.parts.length && pattern.parts[at] === undefined ? [state, ...closed({ pattern, at: at + 1 })] : [state];
}

/** After one more name: where it stands, and which patterns mean what has that name. */
export function pass(standing: Standing, name: string): { readonly standing: Standing; readonly meant: readonly Pattern[] } {
  const next = standing.flatMap(({ pattern, at }): Standing => {
    const part = pattern.parts[at];
    if (part === undefined) return closed({ pattern, at });
    return (typeof part === 'string' ? part === name : part.test(name)) ? closed({ pattern, at: at + 1 }) : [];
  });
  const unique = next.filter((a, i) => next.findIndex((b) => b.pattern === a.pattern && b.at === a.at) === i);
  const isMeant = ({ pattern, at }: At): boolean => at === pattern.parts.length;
  return { standing: unique.filter((state) => !isMeant(state)), meant: unique.filter(isMeant).map(({ pattern }) => pattern) };
}

/** After all names of a path. `meant`: the path, or a directory it is in. */
export function passAll(standing: Standing, names: readonly string[]): { readonly standing: Standing; readonly meant: readonly Pattern[] } {
  const meant: Pattern[] = [];
  let now = standing;
  for (const name of names) {
    const next = pass(now, name);
    meant.push(...next.meant);
    now = next.standing;
  }
  return { standing: now, meant };
}

/** Whether only literal names are left to pass. */
export function isLiteral({ pattern, at }: At): boolean {
  return pattern.parts.slice(at).every((each) => typeof each === 'string');
}
