// Bundles a package, in whose folder it is run: one file for each entry named (`index` is src/index.ts), as a program that loads a
// hundred small files spends more time on that than on its work. What the package depends on stays outside. Declarations are tsc's.
// The entries after `--single` are written a second time, to dist/single, as the condition `vimage-single` has them: a file for each module, as it is for
// who bundles a program himself, and a module of which he uses nothing is left out whole.
import { rmSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { single } from './single.mjs';

const words = process.argv.slice(2);
const at = words.indexOf('--single');
const [entries, singles] = at < 0 ? [words, []] : [words.slice(0, at), words.slice(at + 1)];
for (const entry of readdirSync('dist', { recursive: true })) if (/\.js(\.map)?$/.test(entry)) rmSync(path.join('dist', entry));

async function write(names, dir, plugins, preserveModules) {
  const bundle = await rolldown({
    input: Object.fromEntries(names.map((entry) => [entry, `src/${entry}.ts`])),
    external: (id) => !/^[./]|^@oxc-project\/runtime/.test(id),
    platform: 'node',
    transform: { target: 'es2023' },
    plugins,
  });
  await bundle.write({ dir, format: 'esm', sourcemap: true, entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js', cleanDir: false, preserveModules });
}

await write(entries, 'dist', [], false);
if (singles.length > 0) await write(singles, 'dist/single', [single()], true);
