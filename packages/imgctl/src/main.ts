#!/usr/bin/env node
import { asksForHelp, quick } from './quick.ts';

// A reader that has seen enough (`imgctl ls | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const argv = process.argv.slice(2);
// What only asks for help needs no rights.
if ((process.geteuid?.() ?? 0) !== 0 && quick(argv) === undefined && !asksForHelp(argv)) (await import('@vimage/linux')).becomeRootless();
const answered = quick(argv);
if (answered === undefined) {
  const { catchStrays, endSoon, imgctl } = await import('./cli.ts');
  process.exitCode = await imgctl(argv, catchStrays);
  endSoon();
} else process.exitCode = answered;
