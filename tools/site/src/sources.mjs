// What the site is made of, found in the tree: nothing is listed by hand.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const read = (file) => readFileSync(path.join(root, file), 'utf8');

/** Public packages: their folder (from the root) and manifest. */
export function packages() {
  return readdirSync(path.join(root, 'packages')).sort()
    .map((name) => `packages/${name}`)
    .filter((dir) => existsSync(path.join(root, dir, 'package.json')))
    .map((dir) => ({ dir, manifest: JSON.parse(read(`${dir}/package.json`)) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** Every entry of every public package that is TypeScript: what it is imported as, and its source. */
export function entries() {
  return packages().flatMap(({ dir, manifest }) => Object.entries(manifest.exports ?? {}).flatMap(([entry, how]) => {
    const source = how['vimage-source'];
    return source === undefined ? [] : [{ name: `${manifest.name}${entry.slice(1)}`, source: path.posix.join(dir, source) }];
  }));
}

/** The components, by the "vimage" field of their packages, as they are built. */
export async function components() {
  const found = packages().filter(({ manifest }) => manifest.vimage !== undefined);
  return Promise.all(found.map(async ({ dir, manifest }) => {
    const exported = await load(dir, manifest);
    return { dir, package: manifest.name, component: exported[manifest.vimage.export] };
  }));
}

/** The built main module of a package. */
export async function load(dir, manifest = JSON.parse(read(`${dir}/package.json`))) {
  const file = path.join(root, dir, manifest.exports['.'].default);
  if (!existsSync(file)) throw new Error(`${dir} is not built: npm run build`);
  return import(pathToFileURL(file).href);
}

/** Pages in Markdown: of the root, of docs, and what packages and tools say of themselves. */
export function documents() {
  const inside = (dir) => readdirSync(path.join(root, dir)).filter((name) => name.endsWith('.md')).sort().map((name) => path.posix.join(dir, name));
  const readmes = ['packages', 'tools'].flatMap((dir) => readdirSync(path.join(root, dir)).sort().map((name) => `${dir}/${name}/README.md`)).filter((file) => existsSync(path.join(root, file)));
  return [...inside('.'), ...inside('docs'), ...readmes];
}
