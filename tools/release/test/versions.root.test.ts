import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needRoot } from '../../../packages/linux/test/rights.ts';
import { nextRelease } from '../src/next.mjs';
import { packAll, packOutsiders, publicPackages } from '../src/pack.mjs';
import { startRegistry } from '../src/registry.mjs';
import { userIn, type Registry, type User } from './user.ts';

let registry: Registry;
let scratch = '';
let workspace = '';

beforeAll(async () => {
  scratch = mkdtempSync(path.join(tmpdir(), 'vimage-versions-'));
  registry = await startRegistry();
  workspace = await nextRelease(path.join(scratch, 'next'));
  const before = [...(await packAll(path.join(scratch, 'tarballs'))).values(), ...(await packOutsiders(path.join(scratch, 'others')))];
  await Promise.all(before.map((tarball) => registry.publish(tarball)));
  const after = await packAll(path.join(scratch, 'next-tarballs'), workspace);
  await Promise.all([...after.values()].map((tarball) => registry.publish(tarball)));
}, 120_000);
afterAll(async () => {
  await registry.close();
  rmSync(scratch, { recursive: true });
});

const versions = (at?: string): Map<string, string> => new Map(publicPackages(at).map(({ manifest: { name, version } }) => [name, version]));
const versionIn = (user: User, name: string): unknown => Reflect.get(JSON.parse(readFileSync(path.join(user.dir, 'node_modules', name, 'package.json'), 'utf8')), 'version');

test('each package has its own version, which what has changed in it leads to, and says what has', () => {
  const [before, after] = [versions(), versions(workspace)];
  expect([...after.keys()]).toEqual([...before.keys()]);
  for (const { dir, manifest: { name, version } } of publicPackages(workspace)) {
    if (version === before.get(name)) continue;
    expect(readFileSync(path.join(dir, 'CHANGELOG.md'), 'utf8'), name).toMatch(new RegExp(`^# ${name}\n\n## ${version.replaceAll('.', '\\.')}\n`));
  }
  expect(after.get('@vimage/core')).not.toBe(before.get('@vimage/core'));
  // All that was to be told has been.
  expect(existsSync(path.join(workspace, '.changeset/first-image.md'))).toBe(false);
});

describe.skipIf(needRoot.missing)(`one version after the other${needRoot.note}`, () => {
  test('an image of one version is listed, entered, changed and destroyed by the next; and the other way round', async () => {
    const [older, newer] = [userIn(scratch, registry), userIn(scratch, registry)];
    const [before, after] = [versions(), versions(workspace)];
    await older.install(`vimage@${before.get('vimage')}`);
    await newer.install(`vimage@${after.get('vimage')}`);
    for (const name of ['@vimage/core', '@vimage/linux', '@vimage/vnet']) expect([versionIn(older, name), versionIn(newer, name)]).toEqual([before.get(name), after.get(name)]);
    for (const [maker, heir] of [[older, newer], [newer, older]] as const) {
      await maker.imgctl('create', 'name', 'lab', 'children.max', '2', 'vir', 'net', 'addr', 'lo=10.1.0.1/32', 'vir', 'proc', 'vir', 'user', 'vir', 'limit', 'files', '64', 'vir', 'priv');
      await maker.imgctl('create', 'name', 'lab.web', 'vir', 'net', 'veth', 'eth0=lab:eth7', 'addr', 'eth0=10.2.0.2/24');
      await maker.imgctl('create', 'name', 'guest', 'vir', 'net', 'share', 'lab');
      const said = (await maker.imgctl('get', 'lab')).stdout;
      expect((await heir.imgctl('get', 'lab')).stdout).toBe(said);
      expect((await heir.imgctl('ls')).stdout).toMatch(/^guest +live.*\n(.*\n)*lab +live.*\n +?web|lab\.web/m);
      expect((await heir.imgctl('exec', 'lab', '--', 'sh', '-c', 'id -u; ulimit -n; echo $$')).stdout).toMatch(/^0\n64\n\d\n$/);
      expect((await heir.imgctl('exec', 'lab.web', '--', 'ip', '-br', 'addr', 'show', 'eth0')).stdout).toMatch(/10\.2\.0\.2\/24/);
      expect((await heir.imgctl('exec', '-e', 'guest', '--', 'ip', '-br', 'addr', 'show', 'lo')).stdout).toMatch(/10\.1\.0\.1\/32/);
      expect((await heir.imgctl('set', 'lab.web', 'vir', 'net', 'addr', 'eth0=10.2.0.3/24')).stdout).toBe('lab.web: changed net.addr\n');
      expect((await maker.imgctl('exec', 'lab.web', '--', 'ip', '-br', 'addr', 'show', 'eth0')).stdout).toMatch(/10\.2\.0\.3\/24/);
      expect((await heir.imgctl('destroy', 'guest', 'lab')).stdout).toMatch(/^removed guest, lab\.web, lab$/m);
      expect((await heir.imgctl('gc')).stdout).not.toMatch(/./);
    }
  }, 120_000);

  test('a component of one version and imgctl of the next go together, or it is said which does not', async () => {
    const user = userIn(scratch, registry);
    await user.install('@vimage/imgctl', `@vimage/vproc@${versions().get('@vimage/vproc')}`);
    // One library for both.
    for (const name of ['@vimage/core', '@vimage/linux']) expect(user.packages().filter((each) => each === name)).toEqual([name]);
    expect([versionIn(user, '@vimage/vproc'), versionIn(user, '@vimage/linux')]).toEqual([versions().get('@vimage/vproc'), versions(workspace).get('@vimage/linux')]);
    expect((await user.imgctl('run', 'vir', 'proc', '--', 'sh', '-c', 'echo $$')).stdout).toMatch(/^\d\n$/);

    const [at, file] = [path.join(user.dir, 'node_modules/@vimage/vproc'), path.join(user.dir, 'node_modules/@vimage/vproc/package.json')];
    expect(existsSync(at)).toBe(true);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"interface": 1', '"interface": 2'));
    await expect(user.imgctl('run', 'vir', 'proc', '--', 'true')).rejects.toThrow(/component "proc" of @vimage\/vproc is left out: it wants interface 2, this imgctl has 1/);
    expect((await user.imgctl('run', '--', 'echo', 'as ever')).stdout).toBe('as ever\n');
  });

  test('what npm brings up to date goes on with the same images', async () => {
    const user = userIn(scratch, registry);
    await user.install(`@vimage/imgctl@${versions().get('@vimage/imgctl')}`, `@vimage/vnet@${versions().get('@vimage/vnet')}`);
    await user.imgctl('create', 'name', 'kept', 'vir', 'net');
    await user.install('@vimage/imgctl@latest', '@vimage/vnet@latest');
    expect(user.packages().filter((name) => ['@vimage/core', 'koffi', `@vimage/imgexec-linux-${process.arch}`].includes(name)).length).toBe(3);
    expect((await user.imgctl('--version')).stdout).toBe(`${versions(workspace).get('@vimage/imgctl')}\n`);
    expect((await user.imgctl('exec', 'kept', '--', 'ls', '/sys/class/net')).stdout).toBe('lo\n');
    expect((await user.imgctl('destroy', 'kept')).stdout).toBe('removed kept\n');
  });
});
