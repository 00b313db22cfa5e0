import type { AnyComponent, ParamRow } from '@vimage/core';
import type { Context } from './context.ts';

/** What stands at a place of the command line: for help and for completion. */
export type OperandKind = 'image' | 'images' | 'pairs' | 'process' | 'parameter' | 'file' | 'shell' | 'none';

/** What an option's value is, for completion. */
export type ValueKind = 'component' | 'components' | 'account' | 'directory' | 'signal' | 'text';

export interface OptionSpec {
  /** As commander has it: `-g, --grace <seconds>`. */
  readonly flags: string;
  readonly describe: string;
  readonly value?: ValueKind;
  /** The words that its value is one of. */
  readonly words?: readonly string[];
  /** May be repeated; its value is a list. */
  readonly many?: boolean;
}

/** Options that every command has. */
export const common: readonly OptionSpec[] = [
  { flags: '--json', describe: 'print one JSON document; errors as JSON on stderr' },
  { flags: '--component <package>', describe: 'use the component of this package too (a directory or a name)', value: 'directory', many: true },
];

/** One command line that teaches: what is typed after `imgctl`, and what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** Options as parsed: by camel-cased name. */
export type Options = Readonly<Record<string, unknown>>;

export interface Call {
  readonly operands: readonly string[];
  readonly options: Options;
}

/** A command as data: commander, the help and the completion are made from it. */
export interface CommandSpec {
  /** Operands as the usage line has them: `[image]`, `<pairs...>`. */
  readonly usage: readonly string[];
  /** What each operand is; the last repeats. */
  readonly operands: readonly OperandKind[];
  readonly options?: readonly OptionSpec[];
  /** Whether a command follows after `--`; `optional`: a shell is run without one. */
  readonly tail?: 'needed' | 'optional';
  /** Where our own failures must not be taken for the command's: exit status 125. */
  readonly passesStatus?: boolean;
  /** More than the summary has. */
  readonly about?: string;
  /** From the declared parameters, so that they fit what is installed. */
  readonly examples: (words: ExampleWords) => readonly Example[];
  readonly run: (cx: Context, call: Call) => Promise<number | void>;
}

/** Operands for the reader: without those that are taken only to say that they are wrong. */
export function shownUsage({ usage, operands }: CommandSpec): readonly string[] {
  return usage.filter((_, i) => operands[i] !== 'none');
}

/** What examples are made of: sections with the examples that components declare. */
export interface ExampleWords {
  /** `vir X key value`: the n-th component's own example, else that of one parameter. */
  readonly section: (n: number) => string;
  /** A parameter of the n-th component that can be changed later, and its example: `vir X key example`. */
  readonly change: (n: number) => string;
  /** Name of the n-th component. */
  readonly component: (n: number) => string;
  /** `COMPONENT.KEY` of some parameter. */
  readonly parameter: () => string;
}

/**
 * Made from these components, in the order in which they are best shown: the first `asked` of them, which the caller named; those that have an example of
 * their own; last those that bring others along.
 */
export function exampleWords(rows: readonly ParamRow[], components: readonly Pick<AnyComponent, 'name' | 'example' | 'implied'>[] = [], asked: number = 0): ExampleWords {
  const rank = ({ example, implied }: (typeof components)[number], i: number): number => (i < asked ? 0 : example !== undefined ? 1 : implied === undefined ? 2 : 3);
  const names = components.map((each, i) => ({ name: each.name, at: rank(each, i) })).sort((a, b) => a.at - b.at).map(({ name }) => name);
  const component = (n: number): string => names[n % Math.max(1, names.length)] ?? 'COMPONENT';
  // What can be changed later comes first: the rest is for rarer cases.
  const of = (n: number): readonly ParamRow[] => {
    const mine = rows.filter((row) => row.component === component(n) && row.access !== 'ro');
    return [...mine.filter(({ access }) => access === 'rw'), ...mine.filter(({ access }) => access !== 'rw')];
  };
  const words = (pairs: readonly (readonly [string, string])[]): string => pairs.map(([key, value]) => ` ${key} ${quoted(value)}`).join('');
  const shown = (n: number): readonly (readonly [string, string])[] => components.find(({ name }) => name === component(n))?.example
    ?? of(n).slice(0, 1).map(({ key, example }) => [key, example] as const);
  return {
    component,
    section: (n) => (n > 0 && n >= names.length ? '' : `vir ${component(n)}${names.length === 0 ? ' KEY VALUE' : words(shown(n))}`),
    change(n) {
      const at = [...names.keys()].map((i) => (i + n) % names.length).find((i) => of(i).some((row) => row.access === 'rw'));
      const row = at === undefined ? undefined : of(at).find((each) => each.access === 'rw');
      return row === undefined ? 'vir COMPONENT KEY VALUE' : `vir ${row.component}${words([[row.key, row.example]])}`;
    },
    parameter() {
      const row = rows.find((each) => each.component === component(0));
      return row === undefined ? 'COMPONENT.KEY' : `${row.component}.${row.key}`;
    },
  };
}

function quoted(text: string): string {
  return /^[\w.,:=/@%+-]+$/.test(text) ? text : `"${text}"`;
}

/** An option's text, or undefined when it was not given. */
export function textOf(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function listOf(options: Options, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.map(String) : [];
}
