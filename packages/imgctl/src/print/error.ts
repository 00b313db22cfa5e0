import { codeOf, renderError, VimageError, type Pairs, type Place } from '@vimage/core';
import type { Style } from './style.ts';
import { printable, shellWord } from './text.ts';

/** What is known of anything thrown. Read by shape: a component may bring its own copy of the library. */
export interface Told {
  readonly code: string;
  readonly message: string;
  readonly subject?: string;
  readonly hint?: string;
  readonly place?: Place;
}

/** The coded error in anything thrown, or undefined: then it is a bug, not a user's mistake. */
export function told(error: unknown): Told | undefined {
  const code = codeOf(error);
  if (code === undefined || !(error instanceof Error) || error.name === 'InvariantError') return undefined;
  const { subject, hint, place } = error as Error & { readonly subject?: unknown; readonly hint?: unknown; readonly place?: unknown };
  return {
    code,
    message: error.message,
    ...(typeof subject === 'string' ? { subject } : {}),
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(typeof place === 'object' && place !== null ? { place } : {}),
  };
}

/** What places point into. */
export interface Given {
  readonly pairs?: Pairs | undefined;
  readonly sources?: ReadonlyMap<string, string> | undefined;
}

/** A source line keeps its tabs: the caret below has them too. */
function printableLine(line: string): string {
  return line.split('\t').map(printable).join('\t');
}

/** The error as lines for a reader: code and message, where, what to do. */
export function errorLines(error: Told, paint: (style: Style, text: string) => string, given: Given = {}): readonly string[] {
  const { place } = error;
  const message = without(error.message, `${error.code}: `);
  const source = place?.file === undefined ? undefined : given.sources?.get(place.file);
  const body = source === undefined ? message : renderError(source, new VimageError(error.code, without(message, `${place?.file ?? ''}:${place?.line ?? ''}:${place?.column ?? ''}: `), { place: place ?? {} }));
  const [first = '', ...more] = body.split('\n');
  const lines = [`imgctl: ${paint('red', error.code)}: ${printable(first)}`, ...more.map((line) => `  ${printableLine(line)}`)];
  if (given.pairs !== undefined && place?.pair !== undefined) lines.push(...pointAt(given.pairs, place.pair));
  if (error.hint !== undefined) lines.push(...error.hint.split('\n').map((line) => `  ${paint('dim', printable(line))}`));
  return lines;
}

/** A text without what is said before it anyway. */
function without(text: string, lead: string): string {
  return text.startsWith(lead) ? text.slice(lead.length) : text;
}

/** The pairs around a place as they would be typed, with a caret below the one that is meant. */
function pointAt(pairs: Pairs, at: number): readonly string[] {
  const pair = pairs[at];
  if (pair === undefined) return [];
  const word = ([key, value]: readonly [string, string]): string => printable(`${shellWord(key)} ${shellWord(value)}`);
  const before = pairs.slice(Math.max(0, at - 2), at).map((each) => `${word(each)} `).join('');
  const here = word(pair);
  if (before.length + here.length > 160) return [];
  const lead = at > 2 ? '... ' : '';
  return [`  ${lead}${before}${here}`, `  ${' '.repeat(lead.length + before.length)}${'^'.repeat(here.length)}`];
}
