import type { Block } from './doc.ts';

/** A command of a `console` block, and what the page shows of its output. */
export interface Step {
  readonly line: number;
  readonly command: string;
  /** Empty: the page shows nothing of it. */
  readonly output: readonly string[];
  /** What comes next asks for the status, so that it may be another than 0. */
  readonly mayFail: boolean;
}

/** The commands of a block: lines that begin with `# ` or `$ `, going on while they end in a backslash; what follows each is its output. */
export function readConsole({ page, line, text }: Block): readonly Step[] {
  const steps: { readonly line: number; command: string; readonly output: string[] }[] = [];
  const lines = text.trimEnd().split('\n');
  for (let i = 0; i < lines.length; i++) {
    const typed = /^[#$] (.*)$/.exec(lines[i] ?? '')?.[1];
    const last = steps.at(-1);
    if (typed !== undefined) {
      const step = { line: line + i, command: typed, output: [] };
      while (step.command.endsWith('\\') && i + 1 < lines.length) step.command += `\n${lines[++i] ?? ''}`;
      steps.push(step);
    } else if (last !== undefined) last.output.push(lines[i] ?? '');
    else throw new Error(`${page}:${line + i}: output before any command: a command begins with "# " or "$ "`);
  }
  return steps.map((step, i) => ({ ...step, mayFail: /^echo \$\?/.test(steps[i + 1]?.command ?? '') }));
}

/**
 * Whether output is what a page shows. In a line, `...` stands for any text; as a line of its own for any lines. How many spaces
 * stand together does not matter: columns are as wide as what is in them.
 */
export function shows(expected: readonly string[], actual: readonly string[]): boolean {
  const [first, ...more] = expected.map(spaced);
  if (first === undefined) return actual.length === 0;
  if (first === '...') return actual.some((_, i) => shows(more, actual.slice(i))) || shows(more, []);
  const pattern = first.split('...').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
  return actual[0] !== undefined && new RegExp(`^${pattern}$`).test(spaced(actual[0])) && shows(more, actual.slice(1));
}

function spaced(line: string): string {
  return line.replace(/\s+/g, ' ').trim();
}

/** Output as lines. */
export function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
