import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FarWorld, noUplink } from './lib/far.ts';
import { enumerate, killed, settled } from './lib/killed.ts';
import { mainForUsers, userImgctl, userOk } from './lib/user.ts';
import { missing, type Result, type World } from './lib/world.ts';

const why = noUplink() ?? missing('pasta', 'passt');
const fetch = ['socat', '-T3', '-u', 'TCP:203.0.113.9:80,connect-timeout=2', '-'];

describe.skipIf(why !== undefined)(`uplink with everything else${why === undefined ? '' : `: ${why}`}`, () => {
  let far: FarWorld;
  let world: World;
  let before: readonly string[];
  const imgctl = (...args: readonly string[]): Promise<Result> => userImgctl(world, 1234, args);
  const ok = (...args: readonly string[]): Promise<string> => userOk(world, 1234, args);

  beforeAll(async () => {
    far = await FarWorld.open();
    ({ world } = far);
    await ok('ls');
    await world.ok('ls');
    before = await world.traces();
  });
  afterEach(async () => {
    for (const run of [imgctl, (...args: readonly string[]) => world.imgctl(...args)]) {
      for (const line of (await run('ls')).out.split('\n').slice(1)) await run('destroy', '-g', '0', line.split(' ')[0] ?? '');
      await run('gc');
    }
    await settled(world, before, 'nothing is left');
  });
  afterAll(() => far[Symbol.asyncDispose]());

  it('is for whoever shares the stack, and ends with the last of them', async () => {
    await ok('create', 'name', 'a', 'vir', 'net', 'uplink', 'pasta');
    await ok('create', 'name', 'b', 'vir', 'net', 'share', 'a');
    await ok('destroy', 'a');
    expect(await ok('exec', 'b', '--', ...fetch)).toBe('far\n');
    await ok('destroy', 'b');
    await ok('gc');
    expect(far.uplinks()).toEqual([]);
  });

  it('leads out of the stack of an image with users of its own', async () => {
    await ok('create', 'name', 'a', 'vir', 'user', 'vir', 'net', 'uplink', 'pasta');
    expect(await ok('exec', 'a', '--', ...fetch)).toBe('far\n');
    await world.ok('create', 'name', 'r', 'vir', 'user', 'vir', 'net', 'uplink', 'pasta');
    expect(await world.ok('exec', 'r', '--', ...fetch)).toBe('far\n');
    await world.ok('destroy', 'r');
    await ok('destroy', 'a');
  });

  it('leads out of an adopted stack, which stays as it was', async () => {
    await world.sh('ip netns add vpn');
    await world.ok('create', 'name', 'a', 'vir', 'net', 'path', '/run/netns/vpn', 'uplink', 'pasta');
    expect(await world.ok('exec', 'a', '--', ...fetch)).toBe('far\n');
    await world.ok('destroy', 'a');
    expect(await world.sh('ip -n vpn -o link | cut -d: -f2')).toBe(' lo\n');
    await world.sh('ip netns del vpn');
  });

  it('ends though something still refers to the image', async () => {
    await ok('create', 'name', 'a', 'vir', 'net', 'uplink', 'pasta');
    const held = world.spawn(['sh', '-c', `exec 7< /proc/${far.uplinks()[0]?.split(' ')[0] ?? ''}/fd/0; echo held; read -r end`]);
    await new Promise((resolve) => held.stdout?.once('data', resolve));
    await ok('destroy', 'a');
    expect(far.uplinks()).toEqual([]);
    held.stdin?.end();
    await new Promise((resolve) => held.once('exit', resolve));
  });

  it('of a file is found unchanged, and made so again when it has ended', async () => {
    const up = async (): Promise<string> => (await userImgctl(world, 1234, ['up', '-'], { input: 'image a { vir net { uplink pasta; } }' })).out;
    expect(await up()).toContain('created');
    const [first] = far.uplinks();
    expect(await up()).toContain('1 kept');
    expect(far.uplinks()).toEqual([first]);
    await far.killUplink();
    expect(await up()).toContain('net.uplink');
    expect(far.uplinks()).toHaveLength(1);
    expect(await up()).toContain('1 kept');
    await ok('destroy', 'a');
  });

  it('is left alone by a change of something else, and started again by one if it has ended', async () => {
    await ok('create', 'name', 'a', 'vir', 'net', 'uplink', 'pasta');
    const [first] = far.uplinks();
    expect(await ok('set', 'a', 'vir', 'net', 'mtu', 'lo=9000')).not.toContain('uplink');
    expect(far.uplinks()).toEqual([first]);
    await far.killUplink();
    expect(await ok('set', 'a', 'children.max', '2')).toContain('pasta had ended, and pasta was started');
    expect(await ok('exec', 'a', '--', ...fetch)).toBe('far\n');
    await ok('destroy', 'a');
  });

  it('is not started by a change that is refused, and what that ended is started by the next', async () => {
    await ok('create', 'name', 'a', 'vir', 'net', 'uplink', 'pasta');
    await ok('create', 'name', 'b', 'vir', 'net', 'uplink', 'pasta', 'publish', '127.0.0.1:8080:80');
    expect((await imgctl('set', 'a', 'vir', 'net', 'publish', '127.0.0.1:8080:80')).status).toBe(1);
    expect((await imgctl('get', 'a')).out).not.toContain('publish');
    expect((await imgctl('set', 'a', 'vir', 'net', 'uplink', 'pasta')).out).toContain('changed net.uplink');
    expect(await ok('exec', 'a', '--', ...fetch)).toBe('far\n');
    expect(far.uplinks()).toHaveLength(2);
    await ok('destroy', 'a', 'b');
  });

  it('of a change killed at any act there is one at most, and none is forgotten', { timeout: 240_000 }, async () => {
    const acts = await enumerate(async (n) => {
      await world.ok('create', 'name', 'a', 'vir', 'net', 'uplink', 'pasta');
      const result = await killed(world, n, 'set', 'a', 'vir', 'net', 'publish', '8080:80');
      await world.ok('gc');
      expect(far.uplinks().length, `killed at ${n}`).toBeLessThan(2);
      await world.ok('set', 'a', 'vir', 'net', 'uplink', 'pasta');
      expect(await world.ok('exec', 'a', '--', ...fetch), `killed at ${n}`).toBe('far\n');
      expect(far.uplinks(), `killed at ${n}`).toHaveLength(1);
      await world.ok('destroy', 'a');
      await settled(world, before, `killed at ${n}`);
      return result;
    });
    expect(acts).toBeGreaterThan(5);
  });

  it('is of images made inside an image, too, and leads out of the stack of that', async () => {
    await world.ok('create', 'name', 'lab', 'children.max', '2', 'vir', 'user', 'vir', 'net', 'uplink', 'pasta', 'vir', 'proc');
    const inside = (...args: readonly string[]): Promise<string> => world.ok('exec', 'lab', '--', process.execPath, mainForUsers, ...args);
    await inside('create', 'name', 'web', 'vir', 'net', 'uplink', 'pasta');
    expect(await inside('exec', 'web', '--', ...fetch)).toBe('far\n');
    expect(far.uplinks()).toHaveLength(2);
    await inside('destroy', 'web');
    expect(far.uplinks()).toHaveLength(1);
    await inside('create', 'name', 'web', 'vir', 'net', 'uplink', 'pasta');
    await world.ok('destroy', '-g', '0', 'lab');
    expect(far.uplinks()).toEqual([]);
  });

  it('is a program’s of the library, also one that lives on', async () => {
    const script = `import { boot } from '/mnt/vimage/packages/core/dist/index.js'; import { linux } from '/mnt/vimage/packages/linux/dist/index.js'; import { vnet } from '/mnt/vimage/packages/vnet/dist/index.js';
      const kernel = await boot({ substrate: linux(), components: [vnet] }); const a = await kernel.create({ name: 'a', net: { uplink: 'pasta' } });
      const out = async () => { const child = a.spawn('${fetch[0] ?? ''}', ${JSON.stringify(fetch.slice(1))}, { stdio: 'inherit' }); await new Promise((done) => child.on('exit', done)); };
      await out(); process.kill((await a.slot('net')).uplink.pid, 'SIGKILL'); await new Promise((done) => setTimeout(done, 300));
      console.log((await a.set({ net: { uplink: 'pasta' } })).changed.join()); await out(); await kernel.close();`;
    expect(await ok('rootless', '--', process.execPath, '--input-type=module', '-e', script)).toBe('far\nnet.uplink\nfar\n');
  });
});

describe.skipIf(why !== undefined)(`uplink without any cgroup${why === undefined ? '' : `: ${why}`}`, () => {
  it('is no process of the image, and ends with it', async () => {
    await using far = await FarWorld.open({ cgroups: false });
    const run = async (...args: readonly string[]): Promise<string> => {
      const { status, out, err } = await userImgctl(far.world, 1234, args);
      expect({ status, err }).toEqual({ status: 0, err: '' });
      return out;
    };
    expect(await run('run', 'vir', 'net', 'uplink', 'pasta', '--', ...fetch)).toBe('far\n');
    expect(far.uplinks()).toEqual([]);
    await run('create', 'name', 'a', 'vir', 'net', 'uplink', 'pasta', 'vir', 'proc');
    expect(await run('exec', 'a', '--', ...fetch)).toBe('far\n');
    expect(await run('ps', 'a')).not.toContain('pasta');
    await run('destroy', 'a');
    expect(far.uplinks()).toEqual([]);
  });
});
