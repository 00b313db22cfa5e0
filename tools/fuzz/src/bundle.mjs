// A target and the sources that it tests, as one file that Node can import and whose coverage stands for it.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const targets = fileURLToPath(new URL('../targets/', import.meta.url));

/** Writes the bundle of a target into a folder; returns its path. */
export async function bundle(name, dir) {
  const built = await rolldown({
    input: { [name]: path.join(targets, `${name}.ts`) },
    platform: 'node',
    resolve: { conditionNames: ['vimage-source', 'import', 'node', 'default'] },
    transform: { target: 'es2023' },
  });
  await built.write({ dir, format: 'esm', entryFileNames: '[name].mjs', codeSplitting: false });
  await built.close();
  return path.join(dir, `${name}.mjs`);
}
