// Bundles a package, in whose folder it is run: one file for each entry named (`index` is src/index.ts), as a program that loads a
// hundred small files spends more time on that than on its work. What the package depends on stays outside. Declarations are tsc's.
import { rmSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';

const entries = process.argv.slice(2);
for (const entry of readdirSync('dist', { recursive: true })) if (/\.js(\.map)?$/.test(entry)) rmSync(path.join('dist', entry));

const bundle = await rolldown({
  input: Object.fromEntries(entries.map((entry) => [entry, `src/${entry}.ts`])),
  external: (id) => !/^[./]|^@oxc-project\/runtime/.test(id),
  platform: 'node',
  transform: { target: 'es2023' },
});
await bundle.write({
  dir: 'dist', format: 'esm', sourcemap: true, entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js', cleanDir: false,
});
