import { levelPairs } from '../src/level.ts';

/** What a securelevel says to `vir priv`. */
export function offSwitches(level: number): string {
  return levelPairs(level).map(([key, value]) => `${key} ${value}`).join('; ');
}
