import { codeOf } from '@vimage/core';
import { chains, Transaction } from '../nft/nft.ts';
import type { Stack } from '../stack.ts';

/**
 * Settings of the parent's stack that images need another value of (`ip_forward`), and who needs them. They are noted in the stack
 * itself, as names of empty chains in a table `vimage`: `was.VALUE.KEY` what to put back, `user.SERIAL.KEY` for whom. So what is owed
 * is counted where it is owed, is seen by every registry, and ends with the stack. Callers hold the registry's root lock.
 */
const table = 'vimage';

interface Noted {
  readonly was: ReadonlyMap<string, string>;
  readonly users: readonly { readonly serial: string; readonly key: string; readonly chain: string }[];
}

function read(stack: Stack): Noted {
  const was = new Map<string, string>();
  const users: { serial: string; key: string; chain: string }[] = [];
  for (const chain of namesOf(stack)) {
    const [kind = '', value = '', ...key] = chain.split('.');
    if (kind === 'was') was.set(key.join('.'), value);
    if (kind === 'user') users.push({ serial: value, key: key.join('.'), chain });
  }
  return { was, users };
}

function namesOf(stack: Stack): readonly string[] {
  try {
    return chains(stack, table);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Gives sysctls of a stack a value for as long as image `serial` needs it. */
export function borrow(stack: Stack, serial: bigint, wants: readonly (readonly [key: string, value: string])[]): void {
  const noted = read(stack);
  const notes = new Transaction().addTable(table);
  const set: (readonly [string, string])[] = [];
  for (const [key, value] of wants) {
    const now = stack.sysctl(key);
    if (now === undefined || (now === value && !noted.was.has(key))) continue;
    if (!noted.was.has(key)) notes.addChain(table, `was.${now}.${key}`);
    notes.addChain(table, `user.${serial}.${key}`);
    if (now !== value) set.push([key, value]);
    else if (!noted.users.some((user) => user.key === key && user.serial === String(serial))) set.push([key, value]);
  }
  if (set.length === 0) return;
  notes.commit(stack);
  stack.setSysctls(set);
}

/** Lets go of what `serial` borrowed; a setting that nobody else needs is put back. Lines for what was put back. */
export function giveBackBorrowed(stack: Stack, serial: bigint): readonly string[] {
  const { was, users } = read(stack);
  const mine = users.filter((user) => user.serial === String(serial));
  if (mine.length === 0) return [];
  const lines: string[] = [];
  const notes = new Transaction();
  const others = users.filter((user) => !mine.includes(user));
  for (const { key, chain } of mine) {
    notes.deleteChain(table, chain);
    if (others.some((user) => user.key === key)) continue;
    const value = was.get(key) ?? '';
    notes.deleteChain(table, `was.${value}.${key}`);
    lines.push(putBack(stack, key, value));
  }
  if (others.length === 0) new Transaction().deleteTable(table).commit(stack);
  else notes.commit(stack);
  return lines;
}

function putBack(stack: Stack, key: string, value: string): string {
  try {
    stack.setSysctls([[key, value]]);
    return `${key}: ${value} again`;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return `${key}: gone with its interface`;
    throw error;
  }
}
