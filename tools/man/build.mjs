// Writes manual pages to dist/man of the package in whose folder it is run; their names are the arguments. What is listed in
// them is read from the sources of imgctl and core, which are bundled for that, as Node 20 reads no TypeScript.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const scratch = mkdtempSync(path.join(here, '.build-'));
try {
  const bundle = await rolldown({
    input: path.join(here, 'src/pages.ts'),
    resolve: { conditionNames: ['vimage-source', 'import'] },
    checks: { ineffectiveDynamicImport: false },
    external: (id) => id === '@vimage/linux' || /^node:/.test(id),
    platform: 'node',
    transform: { target: 'es2023' },
  });
  await bundle.write({ dir: scratch, format: 'esm', entryFileNames: 'pages.mjs', chunkFileNames: '[name].mjs' });
  const { pages } = await import(pathToFileURL(path.join(scratch, 'pages.mjs')).href);

  mkdirSync('dist/man', { recursive: true });
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const name of process.argv.slice(2)) {
    const page = pages[name];
    if (page === undefined) throw new Error(`no page "${name}"; there are: ${Object.keys(pages).join(', ')}`);
    writeFileSync(path.join('dist/man', name), page({ version, imgexecHelp }));
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** What the program built for this machine says of itself. */
function imgexecHelp() {
  const { stdout, status, error } = spawnSync(path.join(root, 'packages/linux/dist/imgexec'), ['--help'], { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`imgexec --help: status ${status}`);
  return stdout;
}
