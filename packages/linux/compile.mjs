// Builds a C program of this package with the machine's compiler into dist, when it is older than what it is made of.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = join(dirname(fileURLToPath(import.meta.url)), 'dist');
const warnings = ['-std=gnu11', '-Wall', '-Wextra', '-Wshadow', '-Werror'];

export const sanitize = ['-g', '-O1', '-fno-omit-frame-pointer', '-fno-sanitize-recover=undefined'];
export const release = ['-O2', '-static'];

/** The C files of a folder. */
export function sourcesIn(folder) {
  return readdirSync(folder).filter((name) => name.endsWith('.c')).sort();
}

/** `out`: the program's name; made of the sources, the headers beside them, and how it is built. `into`: where it is put. */
export function compile({ folder, out, cc = process.env.CC || 'cc', into = dist, flags, sources }) {
  const fail = (text) => {
    console.error(`${out}: ${text}`);
    process.exit(1);
  };
  const to = join(into, out);
  const built = statSync(to, { throwIfNoEntry: false });
  const inputs = [...sources, ...readdirSync(folder).filter((name) => name.endsWith('.h')), 'build.mjs', '../compile.mjs'];
  const newest = Math.max(...inputs.map((name) => statSync(join(folder, name)).mtimeMs));
  if (built && built.mtimeMs > newest) return;
  mkdirSync(into, { recursive: true });
  const made = `${to}.${process.pid}`; // renamed into place: two builds at once must not run half a file
  const [command, ...more] = cc.split(/\s+/);
  const args = [...more, ...warnings, ...flags, '-I.', '-o', made, ...sources];
  const { error, status } = spawnSync(command, args, { cwd: folder, stdio: 'inherit' });
  if (error?.code === 'ENOENT') fail(`no C compiler: "${command}" is not there; install one (Debian: apt-get install gcc libc6-dev) or name it in CC`);
  if (error || status !== 0) fail(`"${command}" could not build it${error ? `: ${error.message}` : ''}`);
  renameSync(made, to);
}
