import path from 'node:path';
import { VimageError, type ForeignFile } from '@vimage/core';
import type { Context } from './context.ts';
import { textOf, type OptionSpec, type Options } from './spec.ts';

export const asOption: OptionSpec = { flags: '--as <component>', describe: 'the file is of the kind that this component reads, whatever it is called', value: 'component' };

export function asOf(options: Options): string | undefined {
  return textOf(options, 'as');
}

/** The component that reads a file of this name, or is asked for by its own (`--as`). ENOENT, EOPNOTSUPP. */
export async function foreignFile(cx: Context, file: string, text: string, sources: Map<string, string>, as?: string): Promise<ForeignFile | undefined> {
  const name = as ?? cx.discovery().found.find(({ reads }) => reads.some((pattern) => endsAs(file, pattern)))?.component;
  if (name === undefined) return undefined;
  const component = (await cx.need([name])).find((each) => each.name === name);
  if (component?.reads === undefined) {
    const readers = cx.discovery().found.filter(({ reads }) => reads.length > 0).map(({ component: each }) => each);
    throw new VimageError('EOPNOTSUPP', `component "${name}" reads no files`, { subject: name, hint: readers.length === 0 ? 'no component does' : `${readers.join(', ')} does` });
  }
  return component.reads(text, { file, opened: (each, content) => { sources.set(each, content); } });
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
