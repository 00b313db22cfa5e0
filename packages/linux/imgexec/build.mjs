// Builds imgexec into ../dist. --asan: with sanitizers. --fuzz: the fuzz target of the plan reader.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, release, sanitize, sourcesIn } from '../compile.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const [kind = ''] = process.argv.slice(2);
const kinds = {
  '': { out: 'imgexec', flags: release, sources: sourcesIn(folder) },
  '--asan': { out: 'imgexec-asan', flags: [...sanitize, '-fsanitize=address,undefined'], sources: sourcesIn(folder) },
  '--fuzz': { out: 'imgexec-fuzz', cc: process.env.CC || 'clang', flags: [...sanitize, '-fsanitize=fuzzer,address,undefined'], sources: ['test/fuzz.c', 'plan.c'] },
};
if (!Object.hasOwn(kinds, kind)) {
  console.error(`imgexec: unknown option ${kind}: expected --asan, --fuzz or nothing`);
  process.exit(1);
}
compile({ folder, ...kinds[kind] });
