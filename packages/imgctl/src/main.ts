#!/usr/bin/env node
import { asksForHelp, quick } from './quick.ts';
import { tooOld } from './version.ts';

// A reader that has seen enough (`imgctl ls | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const argv = process.argv.slice(2);
const old = tooOld(process.versions.node);
if (old !== undefined) {
  // What is loaded below does not even parse there.
  process.stderr.write(`imgctl: EOPNOTSUPP: ${old}\n  install a newer one, or run imgctl by one: /path/to/node ${process.argv[1] ?? ''}\n`);
  process.exit(['exec', 'run'].includes(argv[0] ?? '') ? 125 : 1);
}
// What only asks for help needs no rights.
if ((process.geteuid?.() ?? 0) !== 0 && quick(argv) === undefined && !asksForHelp(argv)) (await import('@vimage/linux')).becomeRootless();
const answered = quick(argv);
if (answered === undefined) {
  const { catchStrays, endSoon, imgctl } = await import('./cli.ts');
  process.exitCode = await imgctl(argv, catchStrays);
  endSoon();
} else process.exitCode = answered;
