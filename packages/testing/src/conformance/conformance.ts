import { declared } from './declared.ts';
import type { ConformanceCheck, Examples } from './examples.ts';
import { entered, found, monotone, roundTrip, shared } from './lives.ts';
import { pure } from './pure.ts';
import { undoCreate, undoDestroy, undoSet } from './undo.ts';

/**
 * What every component has to hold, as checks to run one after the other, by whatever runs tests: `for (const { name, run } of conformance(examples)) test(name, run)`.
 * They are done on the real kernel, as root, and leave nothing. Each act on the machine fails once, so that they take a while: give them a minute each.
 */
export function conformance(examples: Examples): readonly ConformanceCheck[] {
  const checks: readonly (readonly [string, (examples: Examples) => void | Promise<void>])[] = [
    ['it is declared, with examples of all', declared],
    ['what is only planned, or refused, does nothing', pure],
    ['what get says makes the same image again, and nothing refers to it', roundTrip],
    ['another process finds, changes and removes it', found],
    ['programs run in it and on it, where its entry says', entered],
    ['it is shared, and outlives its maker; or says why not', shared],
    ['a child is never less restricted', monotone],
    ['whatever act of create fails, nothing is left', undoCreate],
    ['whatever act of set fails, it is as it was', undoSet],
    ['whatever act of destroy fails, asking again finishes it', undoDestroy],
  ];
  return checks.map(([name, check]) => ({ name: `${examples.component.name}: ${name}`, run: async () => { await check(examples); } }));
}
