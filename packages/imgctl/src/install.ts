import path from 'node:path';

/** Where a program stands, and from where it is asked. */
export interface Stand {
  /** imgctl's own file, links resolved. */
  readonly self: string;
  readonly cwd: string;
  /** Whether packages are found by Yarn's Plug'n'Play, which has no folders of them. */
  readonly pnp: boolean;
}

/** What to type for a package to come where this imgctl finds it, which need not be the current folder. */
export function howToInstall(name: string, { self, cwd, pnp }: Stand): string {
  if (pnp) return `imgctl finds ${name} in a node_modules folder only: put "nodeLinker: node-modules" into .yarnrc.yml, then yarn add ${name}`;
  const [root = ''] = self.split('/node_modules/', 1);
  if (root === self) return `npm install ${name}`;
  if (path.basename(path.dirname(root)) === '_npx') return `npx --package @vimage/imgctl --package ${name} imgctl ...`;
  if (path.basename(root) === 'lib') return `npm install --global --prefix ${path.dirname(root)} ${name}`;
  return cwd === root || cwd.startsWith(`${root}/`) ? `npm install ${name}` : `npm --prefix ${root} install ${name}`;
}
