#!/usr/bin/env node
import { imgctl } from './cli.ts';

// A reader that has seen enough (`imgctl ls | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await imgctl(process.argv.slice(2));
