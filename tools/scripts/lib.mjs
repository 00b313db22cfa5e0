// Shared by start, build and test: run a program, and get the workspace installed with the pinned pnpm.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** Runs a program in the workspace, its output ours; returns its exit status. */
export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (done.error) throw done.error;
  return done.status ?? 1;
}

/** Runs it and ends this process with its status when that is not 0. */
export function must(command, args, options) {
  const status = run(command, args, options);
  if (status !== 0) process.exit(status);
}

/** Installs the workspace when it is not, or when the lockfile is newer than what is installed. */
export function install() {
  const installed = path.join(root, 'node_modules/.pnpm/lock.yaml');
  const locked = path.join(root, 'pnpm-lock.yaml');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(locked, 'utf8')) return;
  must('npx', ['--yes', manifest.packageManager, 'install', '--frozen-lockfile']);
}

export function bin(name) {
  return path.join(root, 'node_modules/.bin', name);
}

export function build() {
  // Through pnpm, as turbo looks for it on the PATH.
  must('npx', ['--yes', manifest.packageManager, 'exec', 'turbo', 'run', 'build', '--output-logs=errors-only'], { env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' } });
}
