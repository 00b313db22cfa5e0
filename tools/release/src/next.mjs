// The release that comes next, as changesets makes it of what is here: a copy of the packages, versioned.
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { packagesOf, publicPackages, root } from './pack.mjs';
import { run } from './run.mjs';

/** Copies the workspace's packages into a folder and gives them their next versions there: what `npx changeset version` would do here. */
export async function nextRelease(into) {
  mkdirSync(into, { recursive: true });
  for (const name of ['package.json', 'pnpm-workspace.yaml', 'LICENSE', '.changeset']) cpSync(path.join(root, name), path.join(into, name), { recursive: true });
  const left = new Set(['node_modules', '.turbo', 'test']);
  cpSync(path.join(root, 'packages'), path.join(into, 'packages'), { recursive: true, filter: (file) => !left.has(path.basename(file)) });
  const git = (...args) => run('git', ['-c', 'user.name=release', '-c', 'user.email=release@localhost', '-c', 'init.defaultBranch=main', ...args], { cwd: into });
  await git('init', '--quiet');
  await git('add', '.changeset');
  await git('commit', '--quiet', '--message', 'changes');
  await run(process.execPath, [path.join(root, 'node_modules/@changesets/cli/bin.js'), 'version'], { cwd: into });
  linkOurs(into);
  return into;
}

/** What pnpm looks at to learn the versions of what a package depends on, and is not said in numbers. */
function linkOurs(workspace) {
  const ours = new Map(packagesOf(workspace).map(({ dir, manifest }) => [manifest.name, dir]));
  for (const { dir, manifest: { dependencies, devDependencies, optionalDependencies } } of publicPackages(workspace)) {
    for (const [name, wanted] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
      if (!wanted.startsWith('workspace:')) continue;
      const link = path.join(dir, 'node_modules', name);
      mkdirSync(path.dirname(link), { recursive: true });
      symlinkSync(ours.get(name), link);
    }
  }
}
