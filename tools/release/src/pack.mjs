// What a release would send: a tarball of each public package of the workspace, and of what they depend on.
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const manifestOf = (dir) => JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8'));

/** Packages of programs for another processor that cannot be built here, and what is missing for it. */
export const unbuilt = new Map(process.arch === 'arm64' || onPath('aarch64-linux-gnu-gcc') ? [] : [['@vimage/imgexec-linux-arm64', 'no aarch64-linux-gnu-gcc']]);

function onPath(program) {
  return (process.env.PATH ?? '').split(':').some((dir) => existsSync(path.join(dir, program)));
}

/** Folders of the public packages, of the workspace or of a copy of it. */
export function publicPackages(workspace = root) {
  return packagesOf(workspace).filter(({ manifest }) => manifest.private !== true && !unbuilt.has(manifest.name));
}

/** Folders of all packages. */
export function packagesOf(workspace) {
  const dirs = readdirSync(path.join(workspace, 'packages')).sort().map((name) => path.join(workspace, 'packages', name)).filter((dir) => existsSync(path.join(dir, 'package.json')));
  return dirs.map((dir) => ({ dir, manifest: manifestOf(dir) }));
}

/** Packs all of ours, as `pnpm publish` would send them, into a folder: the tarballs by name. */
export async function packAll(into, workspace = root) {
  mkdirSync(into, { recursive: true });
  const { packageManager } = manifestOf(root);
  await run('npx', ['--yes', '--prefer-offline', packageManager, '-r', '--filter', './packages/*', ...[...unbuilt.keys()].flatMap((name) => ['--filter', `!${name}`]), 'pack', '--pack-destination', into], { cwd: workspace });
  return new Map(publicPackages(workspace).map(({ manifest: { name, version } }) => [name, path.join(into, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)]));
}

/** Packs what is not ours, as it is installed; no script of it runs. */
export async function packOutsiders(into, tools) {
  mkdirSync(into, { recursive: true });
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', into, ...outsiders(tools).map(({ dir }) => dir)], { cwd: into });
  return JSON.parse(stdout).map(({ filename }) => path.join(into, filename));
}

/** Folders of all that the public packages depend on, and these tools, and that is not theirs; what is optional and not installed is left out. */
export function outsiders(tools = []) {
  const found = new Map();
  const visit = (dir, manifest) => {
    for (const [name, optional] of [...Object.keys(manifest.dependencies ?? {}).map((each) => [each, false]), ...Object.keys(manifest.optionalDependencies ?? {}).map((each) => [each, true])]) {
      if (name.startsWith('@vimage/')) continue;
      const at = installed(dir, name);
      if (at === undefined) {
        if (optional) continue;
        throw new Error(`${name}, which ${dir} depends on, is not installed`);
      }
      if (found.has(at)) continue;
      const its = manifestOf(at);
      found.set(at, its);
      visit(at, its);
    }
  };
  for (const { dir, manifest } of publicPackages()) visit(dir, manifest);
  visit(root, { dependencies: Object.fromEntries(tools.map((name) => [name, '*'])) });
  return [...found].map(([dir, manifest]) => ({ dir, manifest }));
}

/** Where Node finds a package from a folder. */
function installed(dir, name) {
  for (const modules of createRequire(path.join(dir, 'package.json')).resolve.paths(name) ?? []) {
    try {
      return path.dirname(realpathSync(path.join(modules, name, 'package.json')));
    } catch {
      continue;
    }
  }
  return undefined;
}
