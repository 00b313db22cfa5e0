// Builds imgexec with the machine's C compiler into ../dist. --asan: with sanitizers. --fuzz: the fuzz target of the plan reader.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '..', 'dist');
const [kind = ''] = process.argv.slice(2);
const warnings = ['-std=gnu11', '-Wall', '-Wextra', '-Wshadow', '-Werror'];
const sanitize = ['-g', '-O1', '-fno-omit-frame-pointer', '-fno-sanitize-recover=undefined'];
const kinds = {
  '': { out: 'imgexec', cc: process.env.CC || 'cc', flags: ['-O2', '-static'], sources: all() },
  '--asan': { out: 'imgexec-asan', cc: process.env.CC || 'cc', flags: [...sanitize, '-fsanitize=address,undefined'], sources: all() },
  '--fuzz': { out: 'imgexec-fuzz', cc: process.env.CC || 'clang', flags: [...sanitize, '-fsanitize=fuzzer,address,undefined'], sources: ['test/fuzz.c', 'plan.c'] },
};

function all() {
  return readdirSync(here).filter((name) => name.endsWith('.c')).sort();
}

function newest(files) {
  return Math.max(...files.map((name) => statSync(join(here, name)).mtimeMs));
}

function fail(text) {
  console.error(`imgexec: ${text}`);
  process.exit(1);
}

const build = kinds[kind] ?? fail(`unknown option ${kind}: expected --asan, --fuzz or nothing`);
const out = join(dist, build.out);
const inputs = [...build.sources, 'imgexec.h', 'build.mjs'];
const built = statSync(out, { throwIfNoEntry: false });
if (!built || built.mtimeMs <= newest(inputs)) {
  mkdirSync(dist, { recursive: true });
  const made = `${out}.${process.pid}`; // renamed into place: two builds at once must not run half a file
  const [command, ...more] = build.cc.split(/\s+/);
  const args = [...more, ...warnings, ...build.flags, '-I.', '-o', made, ...build.sources];
  const { error, status } = spawnSync(command, args, { cwd: here, stdio: 'inherit' });
  if (error?.code === 'ENOENT')
    fail(`no C compiler: "${command}" is not there; install one (Debian: apt-get install gcc libc6-dev) or name it in CC`);
  if (error || status !== 0) fail(`"${command}" could not build ${build.out}${error ? `: ${error.message}` : ''}`);
  renameSync(made, out);
}
