import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { howToInstall } from '../src/install.ts';
import { tooOld } from '../src/version.ts';

it.each([
  ['in the project, anywhere', '/p/node_modules/@vimage/imgctl/dist/main.js', '/p/src', 'npm install @vimage/vproc'],
  ['in the project, by pnpm', '/p/node_modules/.pnpm/@vimage+imgctl@1.0.0/node_modules/@vimage/imgctl/dist/main.js', '/p', 'npm install @vimage/vproc'],
  ['in another project', '/p/node_modules/@vimage/imgctl/dist/main.js', '/pq', 'npm --prefix /p install @vimage/vproc'],
  ['for the whole machine', '/opt/lib/node_modules/@vimage/imgctl/dist/main.js', '/p', 'npm install --global --prefix /opt @vimage/vproc'],
  ['by npx alone', '/home/u/.npm/_npx/0123/node_modules/@vimage/imgctl/dist/main.js', '/p', 'npx --package @vimage/imgctl --package @vimage/vproc imgctl ...'],
  ['in the sources', '/src/vimage/packages/imgctl/dist/main.js', '/p', 'npm install @vimage/vproc'],
])('what to type for a package where imgctl stands %s', (_, self, cwd, said) => {
  expect(howToInstall('@vimage/vproc', { self, cwd, pnp: false })).toBe(said);
});

it('where packages have no folders, that is said', () => {
  expect(howToInstall('@vimage/vproc', { self: '/p/.yarn/unplugged/imgctl/node_modules/@vimage/imgctl/dist/main.js', cwd: '/p', pnp: true })).toMatch(/nodeLinker: node-modules/);
});

it('Node is too old just where `engines` says so, odd numbers apart', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { engines: { node: string } };
  expect(engines.node).toBe('^20.19.0 || ^22.13.0 || >=24');
  for (const version of ['18.20.8', '20.18.3', '21.7.0', '22.12.0']) expect(tooOld(version), version).toContain(version);
  for (const version of ['20.19.0', '20.20.2', '22.13.0', '23.0.0', '24.0.0', '26.10.0']) expect(tooOld(version), version).toBeUndefined();
});
