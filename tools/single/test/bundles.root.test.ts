import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { stop } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundlers } from '../src/bundle.mjs';
import { type Program, all, nodes, says } from '../src/says.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** What the way to an image looks like, however it was minified. */
const indirection: readonly (readonly [what: string, looks: RegExp])[] = [
  ['the compare of cowgen at the boundary', /\.cowgen\s*[!=]==/],
  ['the masks of isInside', /&\s*\w+\.maskHi/],
  ['the image of a credential, when it is read', /cowgen\s*=\s*\w+\.cowgen/],
];
const linux: readonly (readonly [what: string, looks: RegExp])[] = [
  ['native code', /koffi/], ['/proc', /\/proc\b/], ['the registry', /\/run\/vimage/], ['setns', /setns/], ['imgexec', /imgexec/],
  ['asynchronous contexts', /AsyncLocalStorage/],
];

/** gzipped, in bytes: what embeds core, and what starts programs as well. */
const most = { core: 4000, linux: 4400 } as const;

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'vimage-bundles-'));
  chmodSync(scratch, 0o755);
});
afterAll(async () => {
  await stop();
  rmSync(scratch, { recursive: true });
});

const found = (text: string, marks: readonly (readonly [string, RegExp])[]): readonly string[] => marks.filter(([, looks]) => looks.test(text)).map(([what]) => what);
const run = (program: string, args: readonly string[]): string => execFileSync(program, args, { encoding: 'utf8', cwd: scratch }).trim();

describe.each(['rolldown', 'esbuild', 'vite', 'rollup', 'webpack'] as const)('bundled by %s', (name) => {
  const bundle = bundlers[name];
  const written = async (program: Program): Promise<string> => {
    const file = path.join(scratch, `${name}-${program}.mjs`);
    writeFileSync(file, await bundle(program, ['vimage-single']));
    return file;
  };

  test.each(['core', 'linux'] as const)('%s: the way to an image is in it, and with the condition it is not', async (program) => {
    const single = await bundle(program, ['vimage-single']);
    expect(found(single, [...indirection, ...linux])).toEqual([]);
    const ordinary = found(await bundle(program, []), [...indirection, ...linux]);
    expect(ordinary).toEqual(expect.arrayContaining(indirection.map(([what]) => what)));
    if (program === 'linux') expect(ordinary).toEqual([...indirection, ...linux].map(([what]) => what));
    expect(gzipSync(single, { level: 9 }).length).toBeLessThan(most[program]);
  });

  test.each(all)('%s: it runs, on each Node', async (program) => {
    const file = await written(program);
    for (const [version, node] of nodes) expect(run(node, [file]), `Node ${version}`).toBe(says[program]);
  });

  test('what embeds core touches no file, no program and no native code', async () => {
    const [, node] = nodes[2] ?? ['', ''];
    const file = await written('core');
    expect(run(node, ['--permission', `--allow-fs-read=${file}`, file])).toBe(says.core);
  });

  test('it runs where no namespace can be made, by who has no rights', async () => {
    const file = await written('linux');
    const none = 'for kind in user mnt net pid; do echo 0 > /proc/sys/user/max_${kind}_namespaces; done; ! unshare --net true 2> /dev/null || exit 9; exec setpriv --bounding-set=-all --inh-caps=-all "$@"';
    expect(run('unshare', ['--user', '--map-root-user', 'sh', '-c', none, 'sh', process.execPath, file])).toBe(says.linux);
    expect(run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, file])).toBe(says.linux);
  });
});

test('without a bundler: node --conditions', () => {
  for (const program of all) {
    for (const [version, node] of nodes) expect(run(node, ['--conditions=vimage-single', path.join(root, `tools/single/programs/${program}.mjs`)]), `Node ${version}`).toBe(says[program]);
  }
});

test('both builds have the same names', async () => {
  for (const name of ['core', 'linux']) {
    const [ordinary, single] = await Promise.all(['index.js', 'single/index.js'].map(async (file): Promise<string[]> => {
      const module: unknown = await import(path.join(root, `packages/${name}/dist`, file));
      return Object.keys(Object(module)).sort();
    }));
    expect(single).toEqual(ordinary);
    expect(ordinary?.length).toBeGreaterThan(20);
  }
});
