import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const start = promisify(execFile);

// As in a shell of a user's: what started this process may have said where to look for its own packages.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_.*|NODE_PATH|NODE_OPTIONS)$/i.test(name)));

/** Runs a program to its end: what it printed. When it fails the error has all that it said. */
export async function run(command, args, options = {}) {
  try {
    return await start(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, timeout: 120_000, env, ...options });
  } catch (error) {
    error.message = `${command} ${args.join(' ')}: ${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`;
    throw error;
  }
}
