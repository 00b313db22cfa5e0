import { ownVersion } from './version.ts';

/** What can be answered without loading anything: the version. Undefined: it takes more. */
export function quick(argv: readonly string[]): number | undefined {
  const [word] = argv;
  if (argv.length !== 1 || (word !== '--version' && word !== '-V')) return undefined;
  process.stdout.write(`${ownVersion()}\n`);
  return 0;
}

/** Whether a command line is answered without looking at the machine. */
export function asksForHelp(argv: readonly string[]): boolean {
  const cut = argv.indexOf('--');
  const words = cut < 0 ? argv : argv.slice(0, cut);
  return words.length === 0 || words.some((word) => word === '--help' || word === '-h') || /^(help|params|components|completion|__complete)$/.test(words[0] ?? '');
}
