import { VimageError, type Pair, type Pairs } from '@vimage/core';
import { allowKeys, allowTable } from './allow.ts';
import type { JailValues } from './params.ts';

/** From which level on a switch of `vir priv` is off: security(7) of FreeBSD, as far as Linux knows the same. */
const offFrom: readonly (readonly [level: number, switches: readonly string[]])[] = [
  [1, ['allow.chflags', 'allow.modules', 'allow.kexec', 'allow.mknod']],
  [2, ['allow.mount', 'allow.clock']],
  [3, ['allow.net_admin']],
];

/** What a level forbids, as pairs of `vir priv`. */
export function levelPairs(level: number): Pairs {
  return offFrom.flatMap(([from, switches]) => (level < from ? [] : switches.map((key): Pair => [key, 'false'])));
}

/** EINVAL: a parameter permits what the level forbids. */
export function checkLevel(values: JailValues): void {
  const { securelevel = -1 } = values;
  const never = new Set(levelPairs(securelevel).map(([key]) => key));
  const both = allowKeys.find((key) => values[key] === true && never.has(allowTable[key].priv));
  if (both === undefined) return;
  throw new VimageError('EINVAL', `${both} permits what securelevel ${securelevel} forbids`, { subject: both, hint: 'leave out one of them' });
}

/** EPERM: a level is never below what it was, nor below that of the jail around. */
export function checkRaised(level: number, least: number, whose: string): void {
  if (level >= least) return;
  throw new VimageError('EPERM', `securelevel ${level} is below ${least}, that of ${whose}: it can only be raised`, { subject: 'securelevel', hint: `give ${least} or more` });
}
