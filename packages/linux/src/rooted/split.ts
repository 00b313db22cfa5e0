import { VimageError } from '@vimage/core';

/** The directory that a name is in, and the name. EINVAL: the path ends in none. */
export function split(path: string): { readonly dir: string; readonly name: string } {
  const whole = path.replace(/\/+$/, '');
  const at = whole.lastIndexOf('/');
  const name = whole.slice(at + 1);
  if (name !== '' && name !== '.' && name !== '..') return { dir: at <= 0 ? '/' : whole.slice(0, at), name };
  throw new VimageError('EINVAL', `${JSON.stringify(path)}: the path must end in a name`, { subject: path });
}

/** What Node takes as flags of open(2). EINVAL. */
export function openFlags(flags: string | number): number {
  if (typeof flags === 'number') return flags;
  const found = flagWords.get(flags);
  if (found === undefined) throw new VimageError('EINVAL', `${JSON.stringify(flags)} are no flags to open a file with`, { subject: flags, hint: [...flagWords.keys()].join(' ') });
  return found;
}

const [read, write, both, make, fresh, empty, append, sync] = [0o0, 0o1, 0o2, 0o100, 0o200, 0o1000, 0o2000, 0o4010000];
const flagWords: ReadonlyMap<string, number> = new Map([
  ['r', read], ['r+', both], ['rs+', both | sync],
  ['w', write | make | empty], ['wx', write | make | empty | fresh], ['w+', both | make | empty], ['wx+', both | make | empty | fresh],
  ['a', write | make | append], ['ax', write | make | append | fresh], ['a+', both | make | append], ['ax+', both | make | append | fresh],
]);
