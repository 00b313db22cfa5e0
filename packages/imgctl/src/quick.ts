import { ownVersion } from './version.ts';

/** What can be answered without loading anything: the version. Undefined: it takes more. */
export function quick(argv: readonly string[]): number | undefined {
  const [word] = argv;
  if (argv.length !== 1 || (word !== '--version' && word !== '-V')) return undefined;
  process.stdout.write(`${ownVersion()}\n`);
  return 0;
}
