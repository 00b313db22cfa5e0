import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { asUser, mainForUsers, noUsers, openToUsers, userOk } from './lib/user.ts';
import { World, type Result } from './lib/world.ts';

const why = noUsers();

/** What an ordinary user does, without any help of root. */
describe.skipIf(why !== undefined)(`without root${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];
  const home = '/run/user/1234';
  const main = mainForUsers;
  const as = asUser;
  const user = (...command: readonly string[]): Promise<Result> => world.run(as(1234, ...command));
  const imgctl = (...args: readonly string[]): Promise<Result> => user(process.execPath, main, ...args);
  const ok = (...args: readonly string[]): Promise<string> => userOk(world, 1234, args);

  beforeAll(async () => {
    world = await World.open();
    await openToUsers(world, 1234, 4321);
    await ok('ls');
    before = await world.traces();
  });
  afterEach(async () => {
    await ok('ls');
    expect(await world.traces()).toEqual(before);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('runs a command in an image of its own', async () => {
    const { status, out } = await imgctl('run', 'vir', 'net', 'sysctl', 'net.ipv4.ip_forward=1', 'vir', 'proc', '--', 'sh', '-c', 'id -u; echo $$; ip -br addr | wc -l; cat /proc/sys/net/ipv4/ip_forward; ps ax | wc -l; exit 7');
    expect({ status, out }).toEqual({ status: 7, out: '0\n2\n1\n1\n5\n' });
    expect((await imgctl('run', 'vir', 'proc', '--', 'cat', '/proc/self/uid_map')).out.trim().split(/\s+/)).toEqual(['0', '1234', '1']);
  });

  it('makes, shows, enters, acts on and removes them', async () => {
    await ok('create', 'name', 'web', 'vir', 'net', 'addr', 'lo=10.9.9.9/32', 'vir', 'proc');
    expect(await ok('ls', '--tree')).toContain('web  net proc');
    expect(await ok('exec', 'web', '--', 'ip', '-br', 'addr')).toContain('10.9.9.9/32');
    expect(await ok('exec', '-e', 'web', '--', 'ip', 'addr', 'add', '10.9.9.8/32', 'dev', 'lo')).toBe('');
    expect((await user(path.join('/mnt/vimage/packages/linux/dist/imgexec'), 'web', '--', 'ip', '-br', 'addr')).out).toContain('10.9.9.8/32');
    expect(await ok('set', 'web', 'vir', 'net', 'mtu', 'lo=9000')).toContain('net.mtu');
    await ok('exec', '-d', 'web', '--', 'sh', '-c', 'exec sleep 811 >/dev/null 2>&1');
    expect(await ok('ps', 'web')).toContain('sleep 811');
    expect(await ok('destroy', '-g', '0', 'web')).toContain('removed web');
    expect(world.processes().filter((line) => line.includes('sleep 811'))).toEqual([]);
  });

  it('has IPC of its own, with limits, for a command and in an image, with users and without', async () => {
    const two = 'ipcmk -Q >/dev/null; ipcmk -Q >/dev/null 2>&1 || echo no more; ipcs -q | grep -c 0x; ls /dev/shm | wc -l; : > /dev/shm/x';
    expect(await imgctl('run', 'vir', 'ipc', '--', 'sh', '-c', two)).toMatchObject({ status: 0, out: '2\n0\n', err: '' });
    expect(await imgctl('run', 'vir', 'ipc', 'sysctl', 'kernel.msgmni=1', '--', 'sh', '-c', two)).toMatchObject({ status: 0, out: 'no more\n1\n0\n', err: '' });
    for (const more of [[], ['vir', 'user']]) {
      await ok('create', 'name', 'web', ...more, 'vir', 'ipc', 'sysctl', 'kernel.msgmni=1');
      expect(await ok('exec', 'web', '--', 'sh', '-c', two)).toBe('no more\n1\n0\n');
      expect(await ok('set', 'web', 'vir', 'ipc', 'sysctl', 'kernel.msgmni=3')).toContain('ipc.sysctl');
      expect(await ok('get', '-a', 'web')).toMatch(/sysctl=kernel\.msgmni=3\n.*\n.*\n +msg\.used=1/);
      expect(await ok('exec', '-e', 'web', '--', 'sh', '-c', 'cat /proc/sys/kernel/msgmni; ls /dev/shm')).toBe('3\nx\n');
      expect(await ok('destroy', 'web')).toContain('removed web');
    }
  });

  it('has a lab of a file, on a bridge of its own', async () => {
    const file = `image lab { children.max 4; vir net { bridge br0; }  vir proc;
      image web { vir proc; vir net { veth eth0=bridge:br0; addr eth0=10.1.0.1/24; } }
      image db { vir net { veth eth0=bridge:br0; addr eth0=10.1.0.2/24; } } }`;
    const up = await world.run(as(1234, process.execPath, main, 'up', '-'), { input: file });
    expect(up).toMatchObject({ status: 0, err: '' });
    expect((await imgctl('exec', 'lab.web', '--', 'ping', '-c1', '-W5', '10.1.0.2')).status).toBe(0);
    expect(await ok('destroy', 'lab')).toContain('removed');
  });

  it('says what takes root: a cable to the machine, a pids limit without a cgroup', async () => {
    expect((await imgctl('create', 'name', 'x', 'vir', 'net', 'veth', 'eth0=parent:v0')).err).toMatch(/EPERM.*v0.*\n.*CAP_NET_ADMIN/);
    expect((await imgctl('run', '-u', 'nobody', 'vir', 'net', '--', 'true')).status).toBe(125);
    expect(await world.run([process.execPath, main, 'rootless', '--', 'id'])).toMatchObject({ status: 125, err: expect.stringContaining('EPERM') });
  });

  it('has clocks of its own', async () => {
    const lines = /^monotonic +0 +0\nboottime +86400 +0\n$/;
    expect((await imgctl('run', 'vir', 'time', 'offset', 'boottime=+1d', '--', 'cat', '/proc/self/timens_offsets')).out).toMatch(lines);
    await ok('create', 'name', 'web', 'children.max', '1', 'vir', 'time', 'offset', 'boottime=+2d');
    await ok('create', 'name', 'web.in', 'vir', 'time', 'offset', 'boottime=-1d');
    expect(await ok('exec', 'web.in', '--', 'cat', '/proc/self/timens_offsets')).toMatch(lines);
    expect(await ok('exec', '-e', 'web.in', '--', 'cat', '/proc/self/timens_offsets')).toMatch(lines);
    await ok('destroy', 'web');
  });

  it('tries whether it holds', async () => {
    const { status, out, err } = await imgctl('selftest', '--json');
    expect({ status, err, out: JSON.parse(out).filter(({ verdict }: { readonly verdict: string }) => verdict !== 'pass') as unknown }).toEqual({ status: 0, err: '', out: [expect.objectContaining({ probe: 'root-outside', verdict: 'na' })] });
  });

  it('runs a program that uses the library', async () => {
    expect(await ok('rootless', '--', 'sh', '-c', 'id -u')).toBe('0\n');
    const script = `import { boot } from '/mnt/vimage/packages/core/dist/index.js'; import { linux } from '/mnt/vimage/packages/linux/dist/index.js'; import { vnet } from '/mnt/vimage/packages/vnet/dist/index.js';
      const kernel = await boot({ substrate: linux(), components: [vnet] }); const a = await kernel.create(['name', 'a', 'vir', 'net', 'addr', 'lo=10.7.7.7/32']);
      const child = a.spawn('ip', ['-br', 'addr'], { stdio: 'inherit' }); await new Promise((done) => child.on('exit', done)); await kernel.close();`;
    expect(await ok('rootless', '--', process.execPath, '--input-type=module', '-e', script)).toContain('10.7.7.7/32');
    const { err, status } = await user(process.execPath, '--input-type=module', '-e', script);
    expect(status).not.toBe(0);
    expect(err).toContain('imgctl rootless -- node');
  });

  it.each(['/run,/tmp', '/tmp'])('makes images inside images, as many as children.max says: with a %s of their own', async (tmpfs) => {
    const box = ['vir', 'user', 'vir', 'fs', 'root', 'host', 'tmpfs', tmpfs, 'vir', 'net', 'vir', 'proc'];
    const inside = (image: string, ...args: readonly string[]): Promise<Result> => user('/mnt/vimage/packages/linux/dist/imgexec', image, '--', process.execPath, main, ...args);
    await ok('create', 'name', 'lab', 'children.max', '1', ...box);
    expect(await inside('lab', 'create', 'name', 'web', 'children.max', '1', 'vir', 'user', 'vir', 'net')).toMatchObject({ status: 0, err: '' });
    expect(await inside('lab', 'create', 'name', 'db')).toMatchObject({ status: 1, err: expect.stringContaining('children.max 1') });
    expect(await inside('lab.web', 'create', 'name', 'leaf', 'vir', 'net', 'addr', 'lo=10.9.9.7/32')).toMatchObject({ status: 0, err: '' });
    expect((await ok('ls')).split('\n').slice(1, -1).map((line) => line.split(' ', 1)[0])).toEqual(['lab', 'lab.web', 'lab.web.leaf']);
    expect(await ok('exec', 'lab.web.leaf', '--', 'ip', '-br', 'addr')).toContain('10.9.9.7/32');
    await ok('destroy', '-g', '0', 'lab');
    await ok('create', 'name', 'lab', ...box);
    expect(await inside('lab', 'create', 'name', 'web')).toMatchObject({ status: 1, err: expect.stringContaining('children.max') });
    await ok('destroy', '-g', '0', 'lab');
  });

  it('has one holder, however many come at once, and it ends with the last image', async () => {
    const many = await Promise.all(Array.from({ length: 6 }, (_, i) => imgctl('create', 'name', `i${i}`, 'vir', 'proc')));
    expect(many.map(({ status, err }) => `${status}${err}`)).toEqual(Array.from({ length: 6 }, () => '0'));
    const holders = (): number => world.processes().filter((line) => line.includes('--rootless')).length;
    expect(holders()).toBe(1);
    await ok('destroy', 'i0', 'i1', 'i2', 'i3', 'i4');
    expect(holders()).toBe(1);
    await ok('destroy', 'i5');
    expect(holders()).toBe(0);
    expect(await world.sh(`ls -A ${home}`)).toBe('');
  });

  it('is not led into namespaces of another', async () => {
    await world.sh('echo "$$ 1" > /run/user/4321/vimage.holder; chown 4321 /run/user/4321/vimage.holder');
    await world.run(as(4321, process.execPath, main, 'create', 'name', 'theirs', 'vir', 'proc'));
    const theirs = (await world.sh('cat /run/user/4321/vimage.holder')).trim();
    await world.sh(`echo '${theirs}' > ${home}/vimage.holder; chown 1234 ${home}/vimage.holder`);
    expect((await imgctl('run', 'vir', 'proc', '--', 'cat', '/proc/self/uid_map')).out.trim().split(/\s+/)).toEqual(['0', '1234', '1']);
    expect((await imgctl('ls')).out).not.toContain('theirs');
    expect(await world.run(as(4321, process.execPath, main, 'destroy', 'theirs'))).toMatchObject({ status: 0 });
    await world.sh(`chmod 755 ${home}; mkdir -p ${home}/vimage; chmod 777 ${home}/vimage`);
    expect((await imgctl('create', 'name', 'x', 'vir', 'proc')).err).toMatch(/EPERM.*mode 0700/);
    await world.sh(`rmdir ${home}/vimage; chmod 700 ${home}`);
  });

  it('is at once again after a holder was killed', async () => {
    await ok('create', 'name', 'web', 'vir', 'proc');
    const holder = (await world.sh(`cut -d" " -f1 ${home}/vimage.holder`)).trim();
    await world.sh(`kill -9 ${holder}`);
    const { status, err } = await imgctl('exec', 'web', '--', 'true');
    expect({ status, err }).toEqual({ status: 125, err: expect.stringContaining('imgctl destroy web') });
    expect((await imgctl('destroy', 'web')).status).toBe(0);
    await ok('run', 'vir', 'proc', '--', 'true');
  });
});
