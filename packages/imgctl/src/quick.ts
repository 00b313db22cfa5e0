import { overview } from './overview.ts';
import { painter } from './print/style.ts';
import { ownVersion } from './version.ts';

/** What can be answered without loading anything: version and overview. Undefined: it takes more. */
export function quick(argv: readonly string[]): number | undefined {
  if (argv.length !== 1) return undefined;
  const [word] = argv;
  const lines = word === '--version' || word === '-V' ? [ownVersion()] : word === '--help' || word === '-h' ? overview(painter(process.stdout)) : undefined;
  if (lines === undefined) return undefined;
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}
