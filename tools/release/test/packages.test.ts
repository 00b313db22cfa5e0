import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { outsiders, packAll, publicPackages, unbuilt } from '../src/pack.mjs';
import { unpack } from '../src/tarball.mjs';

const names: readonly string[] = publicPackages().map(({ manifest }) => manifest.name);
const native = (name: string): boolean => name.startsWith('@vimage/imgexec-');

let scratch = '';
const tarballs = new Map<string, string>();
const packages = new Map<string, Awaited<ReturnType<typeof unpack>>>();

beforeAll(async () => {
  scratch = mkdtempSync(path.join(tmpdir(), 'vimage-packages-'));
  for (const [name, tarball] of await packAll(path.join(scratch, 'tarballs'))) {
    tarballs.set(name, tarball);
    packages.set(name, await unpack(tarball, path.join(scratch, name)));
  }
});
afterAll(() => { rmSync(scratch, { recursive: true }); });

const packed = (name: string): NonNullable<ReturnType<typeof packages.get>> => {
  const found = packages.get(name);
  if (found === undefined) throw new Error(`${name} was not packed`);
  return found;
};

describe.each(names)('%s, as it would be published', (name) => {
  test('has what it needs and nothing else', () => {
    const { files, manifest } = packed(name);
    const list = [...files.keys()];
    expect(list).toContain('LICENSE');
    expect(list.filter((file) => /^(test|node_modules|\.turbo)\/|^(src|dist)\/.*\.test\.|tsbuildinfo|imgexec-asan|imgexec-fuzz/.test(file))).toEqual([]);
    expect(manifest).toMatchObject({ license: 'Apache-2.0', version: expect.stringMatching(/^\d+\.\d+\.\d+$/), description: expect.stringMatching(/^.{20,}\.$/), engines: { node: expect.any(String) } });
    // Nothing runs where it is installed.
    expect(Object.keys(manifest.scripts ?? {}).filter((script) => /install|^prepare$/.test(script))).toEqual([]);
    expect(JSON.stringify([manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies])).not.toMatch(/workspace:|file:|link:/);
  });

  if (!native(name)) test('leads each way of reading it to types and code', async () => {
    const { messages, pkg } = await publint({ pkgDir: packed(name).dir, strict: true });
    // There is no address of a repository as yet.
    const told = messages.filter(({ code }) => code !== 'USE_TYPE' && !code.includes('REPO')).map((message) => formatMessage(message, pkg));
    expect(told).toEqual([]);
    const types = await checkPackage(createPackageFromTarballData(readFileSync(tarballs.get(name) ?? '')));
    expect(types.types).not.toBe(false);
    // It is ESM alone, which CommonJS gets by require since Node 20.19.
    const problems = 'problems' in types ? types.problems.filter(({ kind }) => kind !== 'CJSResolvesToESM').filter((problem) => !('resolutionKind' in problem) || problem.resolutionKind !== 'node10') : [];
    expect(problems).toEqual([]);
  });
});

test.skipIf(unbuilt.size > 0)(`each package of programs is packed${[...unbuilt].map(([name, why]) => ` (skipped: ${name}, ${why})`).join('')}`, () => {
  expect(names.filter(native)).toEqual(['@vimage/imgexec-linux-arm64', '@vimage/imgexec-linux-x64']);
});

test('what is to be run can be run', () => {
  for (const name of names.filter(native)) {
    const { files, manifest } = packed(name);
    expect([files.get('imgexec')?.mode, files.get('imgprobe')?.mode]).toEqual(['-rwxr-xr-x', '-rwxr-xr-x']);
    expect(manifest).toMatchObject({ os: ['linux'], cpu: [name.replace(/.*-/, '')] });
  }
  for (const name of ['@vimage/imgctl', 'vimage']) expect(packed(name).files.get('bin/imgctl.js')?.mode).toBe('-rwxr-xr-x');
  // Once, in the package of the machine.
  expect([...packed('@vimage/linux').files.keys()].filter((file) => /^dist\/img(exec|probe)$/.test(file))).toEqual([]);
});

test('manual pages come with the programs', () => {
  for (const [name, pages] of [['@vimage/imgctl', ['imgctl.8', 'vimage.conf.5']], ['@vimage/linux', ['imgexec.8']], ['vimage', ['imgctl.8', 'imgexec.8', 'vimage.conf.5']]] as const) {
    const { files, manifest } = packed(name);
    expect(manifest.man, name).toEqual(pages.map((page) => `./dist/man/${page}`));
    expect([...files.keys()].filter((file) => file.startsWith('dist/man/')).sort(), name).toEqual(pages.map((page) => `dist/man/${page}`));
  }
});

test('what others have made for it may be passed on', () => {
  expect(outsiders().filter(({ manifest }) => !['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause'].includes(manifest.license)).map(({ manifest }) => `${manifest.name}: ${manifest.license}`)).toEqual([]);
});

test('no component comes with another', () => {
  const components = names.filter((name) => packed(name).manifest.vimage !== undefined);
  expect(components.length).toBeGreaterThan(6);
  for (const name of names.filter((each) => !['vimage', '@vimage/vitest'].includes(each))) {
    expect(Object.keys(packed(name).manifest.dependencies ?? {}).filter((each) => components.includes(each)), name).toEqual([]);
  }
});
