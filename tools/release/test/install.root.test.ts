import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needRoot } from '../../../packages/linux/test/rights.ts';
import { readPage } from '../../e2e/test/lib/doc.ts';
import { packAll, packOutsiders, root } from '../src/pack.mjs';
import { startRegistry } from '../src/registry.mjs';
import { run } from '../src/run.mjs';
import { userIn, type Registry, type User } from './user.ts';

let registry: Registry;
let scratch = '';

beforeAll(async () => {
  scratch = mkdtempSync(path.join(tmpdir(), 'vimage-install-'));
  registry = await startRegistry();
  const tarballs = [...(await packAll(path.join(scratch, 'tarballs'))).values(), ...(await packOutsiders(path.join(scratch, 'others'), ['typescript', '@types/node']))];
  await Promise.all(tarballs.map((tarball) => registry.publish(tarball)));
}, 120_000);
afterAll(async () => {
  await registry.close();
  rmSync(scratch, { recursive: true });
});

const folder = (): User => userIn(scratch, registry);

const programs = `@vimage/imgexec-linux-${process.arch}`;
const nodes = ['20', '22', '24'].map((version) => ({ version, node: path.join(root, `tools/boundary/node_modules/node-${version}/bin/node`) })).filter(({ node }) => existsSync(node));

describe.skipIf(needRoot.missing)(`installed from a registry${needRoot.note}`, () => {
  test('imgctl and one component: that, and nothing else', async () => {
    const user = folder();
    await user.install('@vimage/imgctl', '@vimage/vnet');
    expect(user.packages().filter((name) => name.startsWith('@vimage/') || name === 'vimage')).toEqual(['@vimage/core', '@vimage/imgctl', programs, '@vimage/linux', '@vimage/netlink', '@vimage/vnet']);
    expect((await user.imgctl('run', 'vir', 'net', '--', 'ls', '/sys/class/net')).stdout).toBe('lo\n');
    expect((await user.imgctl('create', 'name', 'installed', 'vir', 'net', 'addr', 'lo=10.1.0.1/32')).stdout).toBe('');
    expect((await user.imgctl('exec', '-e', 'installed', '--', 'ip', '-br', 'addr')).stdout).toMatch(/10\.1\.0\.1/);

    // What is not there is named, with the package that has it; with that, nothing else has to change.
    const asked = ['run', 'vir', 'net', 'vir', 'proc', '--', 'sh', '-c', 'echo $$'];
    const refused: unknown = await user.imgctl(...asked).catch((error: unknown) => error);
    expect(String(refused)).toMatch(/no component "proc"[^]*npm install @vimage\/vproc/);
    await user.install('@vimage/vproc');
    expect(Number((await user.imgctl(...asked)).stdout)).toBeLessThan(10);
    expect((await user.imgctl('destroy', 'installed')).stdout).toBe('removed installed\n');
    expect((await user.imgctl('gc')).stdout).not.toMatch(/./);
  });

  test.each(nodes)('each package for itself, for the whole machine, on Node $version: they have one library all the same', async ({ node }) => {
    const user = folder();
    await user.npm('install', '--global', '--prefix', user.dir, '@vimage/imgctl', '@vimage/vnet', '@vimage/vproc');
    const imgctl = path.join(user.dir, 'bin/imgctl');
    const { stdout, stderr } = await run(node, [imgctl, 'run', 'vir', 'net', 'vir', 'proc', '--', 'sh', '-c', 'echo $$; ls /sys/class/net'], { cwd: user.dir });
    expect([stdout, stderr]).toEqual([expect.stringMatching(/^\d\nlo\n$/), '']);
    await expect(run(node, [imgctl, 'run', 'vir', 'time', '--', 'true'], { cwd: user.dir })).rejects.toThrow(`npm install --global --prefix ${user.dir} @vimage/vtime`);
    // man(1) finds it, where it finds the programs.
    expect(readFileSync(path.join(user.dir, 'share/man/man8/imgctl.8'), 'utf8')).toMatch(/^\.Dd /m);
  });

  test('a component that came without the libraries it asks for, as by a link or where peers are left to the user, has those of imgctl', async () => {
    const [user, other] = [folder(), folder()];
    await user.install('@vimage/imgctl');
    await other.install('@vimage/vproc');
    const linked = path.join(other.dir, 'vproc');
    renameSync(path.join(other.dir, 'node_modules/@vimage/vproc'), linked);
    rmSync(path.join(other.dir, 'node_modules'), { recursive: true });
    symlinkSync(linked, path.join(user.dir, 'node_modules/@vimage/vproc'));
    for (const { node } of nodes) {
      const imgctl = path.join(user.dir, 'node_modules/@vimage/imgctl/bin/imgctl.js');
      const { stdout, stderr } = await run(node, [imgctl, 'run', 'vir', 'proc', '--', 'sh', '-c', 'echo $$'], { cwd: user.dir });
      expect([stdout, stderr]).toEqual([expect.stringMatching(/^\d\n$/), '']);
    }
  });

  test('what is installed is as large as it has to be', async () => {
    const sizes = new Map<string, number>();
    for (const names of [['@vimage/core'], ['@vimage/imgctl', '@vimage/vnet'], ['vimage']]) {
      const user = folder();
      await user.install(...names);
      // Once each, and nothing that only builds or tests it.
      expect(user.packages(), names.join(' ')).toEqual([...new Set(user.packages())]);
      expect(user.packages().filter((name) => /typescript|vitest|@types|esbuild|rolldown/.test(name))).toEqual([]);
      const { stdout } = await run('du', ['--summarize', '--apparent-size', '--block-size=1', path.join(user.dir, 'node_modules')]);
      sizes.set(names.join(' '), Number(stdout.split('\t')[0]) / 2 ** 20);
    }
    const limits = new Map([['@vimage/core', 2.25], ['@vimage/imgctl @vimage/vnet', 13], ['vimage', 16]]);
    for (const [names, limit] of limits) expect(sizes.get(names), `MiB of ${names}`).toBeLessThan(limit);
  });

  test('vimage brings all', async () => {
    const user = folder();
    await user.install('vimage');
    const { stdout } = await user.imgctl('components', '--json');
    const listed: unknown = JSON.parse(stdout);
    expect(Array.isArray(listed) ? listed.map((each: unknown) => String(Reflect.get(Object(each), 'name'))).sort() : []).toEqual(['fs', 'ipc', 'jail', 'limit', 'net', 'priv', 'proc', 'time', 'user']);
    expect((await user.imgctl('run', 'vir', 'proc', 'vir', 'net', '--', 'sh', '-c', 'echo /proc/[0-9]* | wc -w')).stdout).toMatch(/^[1-4]\n$/);
    writeFileSync(path.join(user.dir, 'app.mjs'), `
      import { boot, components, linux } from 'vimage';
      const kernel = await boot({ substrate: linux(), components });
      const image = await kernel.create({ name: 'app', net: true, proc: true });
      console.log(await image.effective(async () => (await import('node:os')).networkInterfaces().lo?.length > 0));
      await image.destroy();
      await kernel.close();
    `);
    for (const { node } of nodes) expect((await run(node, ['app.mjs'], { cwd: user.dir })).stdout).toBe('true\n');
  });

  test('what the page of vimage shows', async () => {
    const user = folder();
    await user.install('vimage');
    const shown = readPage('README.md', readFileSync(path.join(user.dir, 'node_modules/vimage/README.md'), 'utf8')).find(({ language }) => language === 'ts');
    writeFileSync(path.join(user.dir, 'shown.mjs'), ts.transpileModule(shown?.text ?? '', { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } }).outputText);
    expect((await run(process.execPath, ['shown.mjs'], { cwd: user.dir })).stdout).toBe("[ 'lo' ]\n");
  });

  test('without the package of the programs it says what to do', async () => {
    const user = folder();
    await user.install('@vimage/imgctl', '@vimage/vnet');
    rmSync(path.join(user.dir, 'node_modules', programs), { recursive: true });
    await expect(user.imgctl('run', 'vir', 'net', '--', 'true')).rejects.toThrow(new RegExp(`imgctl: ENOENT: .*imgexec is not there\n  install ${programs}`));
  });

  test.each(nodes)('what the README shows in TypeScript runs on Node $version', async ({ node }) => {
    const user = folder();
    await user.install('@vimage/core', '@vimage/linux', '@vimage/vnet', '@vimage/vproc', '@vimage/vfs', '@vimage/vuser', '@vimage/vpriv');
    const blocks = readPage('README.md', readFileSync(path.join(root, 'README.md'), 'utf8')).filter(({ language }) => language === 'ts');
    expect(blocks.length).toBeGreaterThan(1);
    for (const [i, { text }] of blocks.entries()) {
      const file = path.join(user.dir, `readme-${i}.mjs`);
      writeFileSync(file, ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } }).outputText);
      await run(node, [file], { cwd: user.dir });
    }
  });

  test('npm create @vimage/component: a component of one\'s own, which builds, passes and runs', async () => {
    const user = folder();
    const npm = (dir: string, ...args: string[]): ReturnType<typeof run> => run('npm', [...args, '--userconfig', registry.npmrc], { cwd: dir });
    const { stdout } = await npm(user.dir, 'create', '--yes', '@vimage/component', 'sound');
    expect(stdout).toMatch(/vimage-sound\/src\/index\.ts[^]*now: cd vimage-sound/);
    const dir = path.join(user.dir, 'vimage-sound');
    await npm(dir, 'install');
    await npm(dir, 'run', 'build');
    expect((await npm(dir, 'test')).stdout).toMatch(/# pass 10\n# fail 0/);
    // The guide that its README names is there.
    const [named = ''] = /node_modules\/\S+\.md/.exec(readFileSync(path.join(dir, 'README.md'), 'utf8')) ?? [];
    expect(readFileSync(path.join(dir, named), 'utf8')).toContain('\n## Adding a component\n');
    const imgctl = (...args: string[]): ReturnType<typeof run> => run('npx', ['--no-install', 'imgctl', ...args], { cwd: dir });
    expect((await imgctl('run', '--component', '.', 'vir', 'sound', 'hostname', 'www.example', '--', 'hostname')).stdout).toBe('www.example\n');
    expect((await imgctl('params', '--component', '.', 'sound')).stdout).toMatch(/sound +hostname/);
    for (const [args, said] of [[['Sound'], /cannot be the name of a component/], [['class'], /cannot be the name/], [['sound'], /vimage-sound is not empty/]] as const) {
      await expect(npm(user.dir, 'create', '--yes', '@vimage/component', ...args)).rejects.toThrow(said);
    }
  });

  test('types are found by whoever installs it, in each way of resolving', async () => {
    const user = folder();
    await user.install('vimage');
    writeFileSync(path.join(user.dir, 'app.ts'), `
      import { boot, components, linux, vnet, type ImageSpec } from 'vimage';
      const spec: ImageSpec = { name: 'app', net: { addr: ['lo=10.0.0.1/32'] } };
      const kernel = await boot({ substrate: linux(), components });
      const image = await kernel.create(spec);
      const stack = await image.slot('net');
      console.log(stack.kind, vnet.name, image.name.length);
      // @ts-expect-error: no such parameter
      export const wrong: ImageSpec = { name: 'app', net: { adr: [] } };
    `);
    for (const [module, resolution] of [['node16', 'node16'], ['esnext', 'bundler']] as const) {
      const args = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--module', module, '--moduleResolution', resolution, '--types', 'node', '--typeRoots', path.join(root, 'node_modules/@types'), 'app.ts'];
      await run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...args], { cwd: user.dir });
    }
  });
});
