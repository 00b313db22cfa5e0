import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FarWorld, noUplink } from './lib/far.ts';
import { enumerate, killed, settled } from './lib/killed.ts';
import { asUser, mainForUsers, userImgctl, userOk } from './lib/user.ts';
import { missing, type Result, type World } from './lib/world.ts';

const why = noUplink();
const noPasta = missing('pasta', 'passt');
const programs = [['pasta', 'passt', '169.254.1.1'], ['slirp4netns', 'slirp4netns', '10.0.2.3']] as const;

describe.skipIf(why !== undefined)(`uplink${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];
  let far: FarWorld;
  const imgctl = (...args: readonly string[]): Promise<Result> => userImgctl(world, 1234, args);
  const ok = (...args: readonly string[]): Promise<string> => userOk(world, 1234, args);
  /** What a server says to a program in the image; the empty text where it is not reached. */
  const said = async (image: string, to: string): Promise<string> => (await imgctl('exec', image, '--', 'socat', '-T3', '-u', `TCP:${to},connect-timeout=2`, '-')).out.trim();
  const uplinks = (): readonly string[] => far.uplinks();

  beforeAll(async () => {
    far = await FarWorld.open();
    ({ world } = far);
    await ok('ls');
    await world.ok('ls');
    before = await world.traces();
  });
  afterEach(async () => {
    // Of a test that failed.
    for (const line of (await imgctl('ls')).out.split('\n').slice(1)) await imgctl('destroy', '-g', '0', line.split(' ')[0] ?? '');
    await settled(world, before, 'nothing is left');
  });
  afterAll(() => far[Symbol.asyncDispose]());

  for (const [program, debianPackage, dns] of programs) {
    const not = missing(program, debianPackage);
    describe.skipIf(not !== undefined)(`${program}${not === undefined ? '' : `: ${not}`}`, () => {
      it('leads out, by address and by name, and nowhere else', async () => {
        await ok('create', 'name', 'web', 'vir', 'net', 'uplink', program, 'vir', 'proc');
        expect(await said('web', '203.0.113.9:80')).toBe('far');
        expect(await said('web', 'www.example.test:80')).toBe('far');
        expect(await ok('exec', 'web', '--', 'cat', '/etc/resolv.conf')).toBe(`nameserver ${dns}\n`);
        // The machine's own 127.0.0.1, by the image's, by its gateway and by its name server.
        const gateway = (await ok('exec', 'web', '--', 'ip', '-4', 'route', 'show', 'default')).split(' ')[2] ?? '';
        for (const to of ['127.0.0.1', dns, ...(program === 'slirp4netns' ? [gateway] : [])]) expect(await said('web', `${to}:80`), to).toBe('');
        expect(await said('web', `${gateway}:80`)).not.toBe('near');
        // Nor does anything lead in.
        await ok('exec', '-d', 'web', '--', 'sh', '-c', 'exec socat TCP-LISTEN:8080,fork,reuseaddr SYSTEM:"echo inside" >/dev/null 2>&1');
        await expect.poll(() => imgctl('exec', 'web', '--', 'ss', '-Hltn').then(({ out }) => out)).toContain(':8080');
        for (const to of ['127.0.0.1', '192.0.2.1']) expect((await world.run(['socat', '-T2', '-u', `TCP:${to}:8080`, '-'])).status, to).not.toBe(0);
        expect(await ok('get', '-a', 'web')).toMatch(new RegExp(`uplink\\.state=.*${program}, process \\d+`));
        expect(await ok('ps', 'web')).not.toContain(program);
        expect(await ok('refs', 'web')).toContain(`uplink: ${program}`);
        expect(uplinks()).toHaveLength(1);
        expect(await ok('destroy', '-g', '0', 'web')).toContain('removed web');
        expect(uplinks()).toEqual([]);
      });

      it('is missed when it was killed, and is started again', async () => {
        await ok('create', 'name', 'web', 'vir', 'net', 'uplink', program);
        await far.killUplink();
        expect(uplinks()).toEqual([]);
        expect(await ok('get', '-a', 'web')).toMatch(/uplink\.state=.*it has ended/);
        expect(await said('web', '203.0.113.9:80')).toBe('');
        expect(await ok('set', 'web', 'vir', 'net', 'uplink', program)).toMatch(new RegExp(`changed net\\.uplink[^]*${program} had ended`));
        expect(await said('web', '203.0.113.9:80')).toBe('far');
        expect(await ok('set', 'web', 'vir', 'net', 'uplink', 'none')).toContain('changed net.uplink');
        expect(uplinks()).toEqual([]);
        expect(await said('web', '203.0.113.9:80')).toBe('');
        await ok('destroy', 'web');
      });

      it('ends with the image of a command, however that ends', async () => {
        expect(await ok('run', 'vir', 'net', 'uplink', program, '--', 'socat', '-T3', '-u', 'TCP:www.example.test:80', '-')).toBe('far\n');
        expect(uplinks()).toEqual([]);
        const child = world.spawn(asUser(1234, process.execPath, mainForUsers, 'run', '--die-with-parent', 'vir', 'net', 'uplink', program, '--', 'sh', '-c', 'echo up; exec sleep 812'));
        if (child.stdout !== null) await once(child.stdout, 'data');
        const maker = world.processes().find((line) => line.includes(mainForUsers) && line.includes(' run '));
        await world.sh(`kill -9 ${maker?.split(' ')[0] ?? ''}`);
        await ok('gc');
        expect(uplinks()).toEqual([]);
      });

      it('is ended when something after it fails', async () => {
        expect((await imgctl('create', 'name', 'web', 'vir', 'net', 'uplink', program, 'sysctl', 'net.ipv4.nonesuch=1')).err).toContain('net.ipv4.nonesuch');
        expect(uplinks()).toEqual([]);
      });

      it('keeps the name servers that are given', async () => {
        await ok('create', 'name', 'web', 'vir', 'net', 'uplink', program, 'dns', '192.0.2.2');
        expect(await ok('exec', 'web', '--', 'cat', '/etc/resolv.conf')).toBe('nameserver 192.0.2.2\n');
        expect(await said('web', 'www.example.test:80')).toBe('far');
        expect(await ok('get', 'web')).not.toContain(dns);
        await ok('destroy', 'web');
      });
    });
  }

  it.skipIf(noPasta !== undefined)(`publishes a port through pasta, and says when it is taken${noPasta === undefined ? '' : `: ${noPasta}`}`, async () => {
    await ok('create', 'name', 'web', 'vir', 'net', 'uplink', 'auto', 'publish', '127.0.0.1:8080:80');
    await ok('exec', '-d', 'web', '--', 'sh', '-c', 'exec socat TCP-LISTEN:80,fork,reuseaddr SYSTEM:"read hello; echo inside" >/dev/null 2>&1');
    await expect.poll(() => imgctl('exec', 'web', '--', 'ss', '-Hltn').then(({ out }) => out)).toContain(':80');
    // Some versions of pasta are mute until the client has said something.
    const from = (to: string): Promise<Result> => world.run(['socat', '-t2', '-', `TCP:${to}`], { input: 'hello\n' });
    expect((await from('127.0.0.1:8080')).out).toBe('inside\n');
    expect((await from('192.0.2.1:8080')).status).not.toBe(0);
    expect((await imgctl('create', 'name', 'other', 'vir', 'net', 'uplink', 'pasta', 'publish', '127.0.0.1:8080:80')).err).toMatch(/EIO: uplink: pasta: .*8080[^]*is taken/);
    expect(await ok('set', 'web', 'vir', 'net', 'publish', '8081:80')).toContain('started anew');
    expect((await from('192.0.2.1:8081')).out).toBe('inside\n');
    await ok('destroy', '-g', '0', 'web');
    expect((await imgctl('create', 'name', 'web', 'vir', 'net', 'uplink', 'slirp4netns', 'publish', '8080:80')).err).toMatch(/EOPNOTSUPP: .*publish[^]*passt/);
  });

  it('is root’s, too; killed at any act of create, nothing is left of it', { timeout: 240_000 }, async () => {
    const acts = await enumerate(async (n) => {
      const result = await killed(world, n, 'create', 'name', 'web', 'vir', 'net', 'uplink', 'auto');
      await world.ok('gc');
      if ((await world.traces()).includes('file ./vimage/img/web')) {
        expect(await world.ok('exec', 'web', '--', 'socat', '-T3', '-u', 'TCP:www.example.test:80', '-')).toBe('far\n');
        await world.ok('destroy', 'web');
      }
      await settled(world, before, `killed at ${n}`);
      return result;
    });
    expect(acts).toBeGreaterThan(5);
  });

  it('is none unless asked for: there is no way out', async () => {
    await ok('create', 'name', 'web', 'vir', 'net');
    expect(await said('web', '203.0.113.9:80')).toBe('');
    expect(await ok('exec', 'web', '--', 'ip', 'route')).toBe('');
    expect(uplinks()).toEqual([]);
    await ok('destroy', 'web');
  });

  it('says which packages to install', async () => {
    const hidden = (...pairs: readonly string[]): Promise<Result> => world.run(asUser(1234, 'env', 'PATH=/nonesuch', process.execPath, mainForUsers, 'create', 'name', 'web', 'vir', 'net', ...pairs));
    expect((await hidden('uplink', 'auto')).err).toMatch(/ENOENT: uplink auto: neither pasta nor slirp4netns is installed\n.*passt or slirp4netns/);
    expect((await hidden('uplink', 'pasta')).err).toMatch(/ENOENT: uplink pasta: no pasta is installed\n.*passt/);
  });

  it('refuses what it cannot do', async () => {
    const refused = async (...pairs: readonly string[]): Promise<string> => (await imgctl('create', 'name', 'web', 'vir', 'net', ...pairs)).err;
    expect(await refused('uplink', 'auto', 'bridge', 'uplink')).toMatch(/EEXIST: .*"uplink"/);
    expect(await refused('uplink', 'auto', 'addr', 'lo=10.7.0.2/24', 'route', 'default=10.7.0.1')).toMatch(/EINVAL: .*two ways out/);
    expect(await refused('uplink', 'tor')).toMatch(/EINVAL: .*"none", "auto", "pasta" or "slirp4netns"/);
    await world.sh('chmod 600 /dev/net/tun');
    expect(await refused('uplink', 'auto')).toMatch(/EACCES: .*\/dev\/net\/tun[^]*chmod 666/);
    await world.sh('chmod 666 /dev/net/tun');
    await world.sh('ip route del default');
    if (noPasta === undefined) expect(await refused('uplink', 'pasta')).toMatch(/EIO: uplink: pasta: .*\n.*no default route/);
    await world.sh('ip route add default via 192.0.2.2');
  });

  it('leads out for those around whom there is another stack, by a cable', async () => {
    await ok('create', 'name', 'lab', 'children.max', '4', 'vir', 'net', 'uplink', 'auto');
    expect((await imgctl('create', 'name', 'lab.web', 'vir', 'net', 'uplink', 'auto')).err).toMatch(/EOPNOTSUPP: uplink[^]*nat true/);
    await ok('create', 'name', 'lab.web', 'vir', 'net', 'veth', 'eth0=parent', 'addr', 'eth0=10.7.0.2/24', 'route', 'default=10.7.0.1', 'nat', 'true');
    expect(await said('lab.web', '203.0.113.9:80')).toBe('far');
    await ok('destroy', 'lab');
    expect(uplinks()).toEqual([]);
  });
});
