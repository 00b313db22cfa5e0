import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { VimageError, codeOf, type ForeignFile } from '@vimage/core';
import type { Context } from './context.ts';
import { textOf, type OptionSpec, type Options } from './spec.ts';

export const asOption: OptionSpec = { flags: '--as <component>', describe: 'the file is of the kind that this component reads, whatever it is called', value: 'component' };

export function asOf(options: Options): string | undefined {
  return textOf(options, 'as');
}

/** Most files that one pattern may name. */
const most = 1000;

/** The component that reads a file of this name, or is asked for by its own (`--as`). ENOENT, EOPNOTSUPP. */
export async function foreignFile(cx: Context, file: string, text: string, sources: Map<string, string>, as?: string): Promise<ForeignFile | undefined> {
  const name = as ?? cx.discovery().found.find(({ reads }) => reads.some((pattern) => endsAs(file, pattern)))?.component;
  if (name === undefined) return undefined;
  const component = (await cx.need([name])).find((each) => each.name === name);
  if (component?.reads === undefined) {
    const readers = cx.discovery().found.filter(({ reads }) => reads.length > 0).map(({ component: each }) => each);
    throw new VimageError('EOPNOTSUPP', `component "${name}" reads no files`, { subject: name, hint: readers.length === 0 ? 'no component does' : `${readers.join(', ')} does` });
  }
  const read = (pattern: string, from: string): readonly { readonly file: string; readonly text: string }[] =>
    matching(path.resolve(path.dirname(from), pattern)).map((each) => {
      const found = { file: each, text: contentOf(each) };
      sources.set(each, found.text);
      return found;
    });
  return component.reads(text, { file, read });
}

/** Whether a path ends as a pattern says, name by name. */
function endsAs(file: string, pattern: string): boolean {
  const [names, wanted] = [path.resolve(file).split('/'), pattern.split('/')];
  return wanted.every((each, i) => matches(names[names.length - wanted.length + i] ?? '', each));
}

function matches(name: string, pattern: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(name) && (!name.startsWith('.') || pattern.startsWith('.'));
}

/** The files that a pattern names, in order; without `*` and `?`, that one file. */
function matching(pattern: string): readonly string[] {
  let found = ['/'];
  for (const part of pattern.split('/').filter((each) => each !== '')) {
    const plain = !/[*?]/.test(part);
    found = found.flatMap((dir) => (plain ? [path.join(dir, part)] : namesIn(dir).filter((name) => matches(name, part)).map((name) => path.join(dir, name))));
    if (found.length > most) throw new VimageError('E2BIG', `${pattern} names more than ${most} files`, { subject: pattern });
  }
  return found;
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new VimageError(codeOf(cause) ?? 'EIO', `cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { subject: file, cause });
  }
}
