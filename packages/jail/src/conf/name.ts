import { confError, shown } from './error.ts';
import { nameLimit } from './limits.ts';
import type { ConfPlace } from './types.ts';

/** Refuses a name that is longer than any has to be. EINVAL. */
export function checkLength(name: string, place: ConfPlace): void {
  if (name.length > nameLimit) throw confError(`the name ${shown(name)} is longer than ${nameLimit} characters`, place, 'look for a quote or a brace that is not closed', name.slice(0, nameLimit));
}

/** Checks the name of a block: components between dots, where "*" stands for whole ones. EINVAL. */
export function checkName(name: string, place: ConfPlace): void {
  if (name === '') throw confError('the name of a jail is empty', place, 'write: name { ... }');
  checkLength(name, place);
  if (/\p{Cc}/u.test(name)) throw confError(`the name of a jail cannot hold a control character: ${shown(name)}`, place, undefined, name);
  for (const part of name.split('.')) {
    if (part === '') throw confError(`a part of the name ${shown(name)} is empty`, place, 'one dot stands between a jail and the jail inside it', name);
    if (part !== '*' && part.includes('*')) throw confError(`"*" stands for a whole part of a name, not for some letters as in ${shown(name)}`, place, 'write: * { ... } or: parent.* { ... }', name);
  }
}

export function isWild(name: string): boolean {
  return name.split('.').includes('*');
}

/** Whether a wildcard covers a jail: a "*" in it stands for one part of the name, the last one for one or more (jail.conf(5), "Wildcards"). */
export function covers(wild: string, name: string): boolean {
  const wanted = wild.split('.');
  const parts = name.split('.');
  const open = wanted.at(-1) === '*';
  if (open ? parts.length < wanted.length : parts.length !== wanted.length) return false;
  return wanted.every((part, i) => part === '*' || part === parts[i]);
}
