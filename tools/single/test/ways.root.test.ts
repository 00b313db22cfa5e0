import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodes } from '../src/says.ts';

// A project of a user's, with the packages beside it.
const root = path.resolve(import.meta.dirname, '../../..');
let project = '';

beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), 'vimage-ways-'));
  mkdirSync(path.join(project, 'node_modules/@vimage'), { recursive: true });
  for (const name of ['core', 'linux', 'vnet']) symlinkSync(path.join(root, 'packages', name), path.join(project, 'node_modules/@vimage', name));
  for (const name of ['vitest', '@types']) symlinkSync(path.join(root, 'node_modules', name), path.join(project, 'node_modules', name));
  writeFileSync(path.join(project, 'package.json'), '{ "type": "module" }');
});
afterAll(() => { rmSync(project, { recursive: true }); });

const file = (name: string, text: string): string => {
  writeFileSync(path.join(project, name), text);
  return name;
};
const run = (command: string, args: readonly string[]): { readonly status: number | null; readonly out: string } => {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: project, encoding: 'utf8', env });
  return { status, out: (stdout + stderr).trim() };
};
const condition = '--conditions=vimage-single';

const created = `
  boot({ substrate: linux(), components: [] }).then(async (kernel) => {
    await kernel.create({ name: 'web' }).then(() => console.log('made'), ({ code, message }) => console.log(code + ': ' + message));
    await kernel.close();
  });`;
const refused = 'EOPNOTSUPP: this program was built without images (vimage-single)';

test('node: what is imported and what is required is the single build', () => {
  const imports = file('imports.mjs', `import { boot } from '@vimage/core'; import { linux } from '@vimage/linux'; ${created}`);
  const requires = file('requires.cjs', `const { boot } = require('@vimage/core'); const { linux } = require('@vimage/linux'); ${created}`);
  for (const [version, node] of nodes) {
    for (const program of [imports, requires]) {
      const args = version === '24' ? [] : ['--disable-warning=ExperimentalWarning'];
      expect(run(node, [...args, condition, program]), `Node ${version}`).toEqual({ status: 0, out: refused });
    }
  }
});

test.each([['core', 'linux'], ['linux', 'core']])('%s of the single build and %s of the ordinary one: who makes an image is told', (single, ordinary) => {
  const at = (name: string, dir: string): string => path.join(root, 'packages', name, dir, 'index.js');
  const mixed = `import { boot } from '${at('core', single === 'core' ? 'dist/single' : 'dist')}'; import { linux } from '${at('linux', ordinary === 'linux' ? 'dist' : 'dist/single')}'; ${created}`;
  expect(run(process.execPath, [file(`mixed-${single}.mjs`, mixed)])).toEqual({ status: 0, out: refused });
});

test('TypeScript: what compiles with the condition compiles without, and nothing else does', () => {
  file('program.ts', `
    import { boot, cimg, type Kernel, type ParamRow } from '@vimage/core';
    import { linux } from '@vimage/linux';
    import { vnet } from '@vimage/vnet';
    export const kernel: Kernel = await boot({ substrate: linux(), components: [vnet] });
    export const rows: readonly ParamRow[] = kernel.params();
    export const name: string = (await kernel.create({ name: 'web', net: { addr: ['eth0=10.0.0.2/24'] } })).name;
    const { ucred } = kernel.current.get() ?? {};
    if (ucred !== undefined) console.log(cimg(ucred)['v_net']);
    // @ts-expect-error there is no such thing
    kernel.nothing();
  `);
  for (const [module, moduleResolution, customConditions] of [['nodenext', 'nodenext', []], ['esnext', 'bundler', ['vimage-single']]] as const) {
    const compilerOptions = { module, moduleResolution, customConditions, strict: true, noEmit: true, target: 'es2023', lib: ['es2023', 'esnext.disposable'], types: ['node'] };
    const config = file('tsconfig.json', JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    expect(run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', config]), moduleResolution).toEqual({ status: 0, out: '' });
  }
}, 180_000);

test('vitest: the condition is told to vite, which finds the packages', () => {
  file('vitest.config.mjs', `export default { ssr: { resolve: { conditions: ['node', 'import', 'vimage-single'], externalConditions: ['node', 'vimage-single'] } }, test: { execArgv: ['${condition}'] } };`);
  file('single.test.mjs', `
    import { boot } from '@vimage/core'; import { linux } from '@vimage/linux'; import { expect, test } from 'vitest';
    test('single', () => {
      expect(linux().name).toBe('single');
      expect(boot.toString()).not.toContain('cimg');
    });`);
  const { status, out } = run(process.execPath, [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run']);
  expect(out).toMatch(/1 passed/);
  expect(status).toBe(0);
});

test('a map of each file leads to its source', () => {
  for (const name of ['core', 'linux']) {
    const dir = path.join(root, 'packages', name, 'dist/single');
    const maps = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('.map'));
    expect(maps.length).toBeGreaterThan(20);
    for (const map of maps) {
      const { sources, sourcesContent } = JSON.parse(readFileSync(path.join(dir, map), 'utf8')) as { sources: readonly string[]; sourcesContent: readonly string[] };
      const ours = sources.map((source, i) => [path.resolve(dir, path.dirname(map), source), sourcesContent[i]] as const).filter(([source]) => !source.includes('/node_modules/') && !source.includes('\0'));
      for (const [source, text] of ours) expect(readFileSync(source, 'utf8'), map).toBe(text);
    }
  }
});
