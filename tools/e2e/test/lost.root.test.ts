import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, World } from './lib/world.ts';
import { mistake, mistakes } from './lib/wrong.ts';

const why = cannot();
const web = ['create', 'name', 'web', 'children.max', '3', 'vir', 'net', 'veth', 'eth0=parent:w0', 'vir', 'proc'] as const;

describe.skipIf(why !== undefined)(`what somebody took away by hand${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];

  beforeAll(async () => {
    world = await World.open();
    await world.ok('ls');
    await room('64m');
    before = await world.traces();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  // mount(8) and umount(8) keep notes of their own in /run/mount.
  const room = (size: string): Promise<string> => world.sh(`mount -o remount,size=${size} /run; rm -rf /run/mount`);
  const gone = async (): Promise<void> => {
    await expect.poll(() => world.traces(), { timeout: 5000 }).toEqual(before);
  };
  const serial = async (): Promise<string> => (await world.json('ls') as { serial: string }[])[0]?.serial ?? '';

  it.each([
    ['net', [['exec', 'web', '--', 'echo', 'ran'], ['exec', '-e', 'web', '--', 'echo', 'ran']], [['get', '-a', 'web'], ['set', 'web', 'vir', 'net', 'mtu', 'eth0=1400'], ['refs', 'web'], ['create', 'name', 'web.in', 'vir', 'net'], ['create', 'name', 'peer', 'vir', 'net', 'share', 'web']]],
    ['pid', [['exec', 'web', '--', 'echo', 'ran']], [['set', 'web', 'vir', 'proc', 'max', '9'], ['create', 'name', 'web.in', 'vir', 'proc'], ['create', 'name', 'peer', 'vir', 'proc', 'share', 'web']]],
    ['view', [['exec', '-e', '--only', 'proc', 'web', '--', 'echo', 'ran']], [['create', 'name', 'peer', 'vir', 'proc', 'share', 'web']]],
  ] as const)('a pin: %s', async (pin, entering, using) => {
    await world.ok(...web);
    await world.sh(`umount -N /run/vimage/mnt /${await serial()}/${pin}`);
    await mistakes(world, [
      ...entering.map((args) => [125, args, /^imgexec: ESTALE: pin: .* of web: it is gone, or another one: imgctl destroy web, then create it again\n$/] as const),
      ...using.map((args) => [1, args, /ESTALE: .*"web" is gone: its pin was unmounted, or never made\n.*imgctl destroy web, then create it again/] as const),
    ]);
    expect(await world.ok('ps', 'web')).toMatch(/^PID/);
    expect(await world.ok('destroy', 'web')).toMatch(/^removed web\n +(?:net|proc) of web: .*its pin was unmounted/);
    await gone();
  });

  it('all pins at once: the namespace that holds them', async () => {
    await world.ok(...web);
    await world.sh('umount -l /run/vimage/mnt; rm -rf /run/mount');
    // Whoever comes second finds a new one, without the pins.
    await mistakes(world, [
      [125, ['exec', 'web', '--', 'echo', 'ran'], /^imgexec: ESTALE: pins?: .*(?:are|is) gone.*imgctl destroy web, then create it again\n$/],
      [1, ['set', 'web', 'vir', 'net', 'mtu', 'eth0=1400'], /ESTALE: .*\n.*imgctl destroy web, then create it again/],
      [1, ['create', 'name', 'peer', 'vir', 'proc', 'share', 'web'], /ESTALE: .*\n.*imgctl destroy web, then create it again/],
    ]);
    await world.ok('create', 'name', 'other', 'vir', 'proc');
    expect(await world.ok('destroy', 'web', 'other')).toMatch(/^removed web, other$/m);
    await gone();
  });

  it('a cable, or the name of its end: destroy gives back what is left', async () => {
    for (const script of ['ip link del w0', 'ip link set w0 name w9']) {
      await world.ok(...web);
      await world.sh(script);
      expect(await world.ok('destroy', 'web')).toMatch(/^removed web/);
      await gone();
    }
  });

  it('pid 1', async () => {
    await world.ok(...web);
    const [first = ''] = world.processes();
    process.kill(Number(first.split(' ')[0]), 'SIGKILL');
    await expect.poll(() => world.processes()).toEqual([]);
    await mistakes(world, [
      [125, ['exec', 'web', '--', 'echo', 'ran'], /^imgexec: ESRCH: web: its pid 1 has died: imgctl destroy web, then create it again\n$/],
      [1, ['create', 'name', 'web.in', 'vir', 'proc'], /ESRCH: nothing can be started in "web": its pid 1 has died\n +imgctl destroy web, then create it again/],
    ]);
    expect(await world.ok('ps', 'web')).toMatch(/^PID/);
    expect(await world.ok('destroy', 'web')).toBe('removed web\n');
    await gone();
  });

  it('room on the disk: nothing is half done, what was there stays, and can be removed', async () => {
    await world.ok(...web);
    const pairs = await world.ok('get', 'web');
    await room('200k');
    await world.sh('dd if=/dev/zero of=/run/filler bs=4k 2>/dev/null || :');
    try {
      // Without the addresses that the kernel gives in its own time.
      const look = async (): Promise<readonly string[]> => (await world.traces()).filter((line) => !line.includes('fe80:'));
      const full = await look();
      expect(await mistake(world, 1, 'create', 'name', 'other', 'vir', 'net', 'veth', 'eth0=parent:x0', 'vir', 'proc')).toMatch(/ENOSPC: .*\n +the file system of the registry, \/run\/vimage, is full: make room .*, then try again; nothing was half written/);
      expect(await mistake(world, 1, 'set', 'web', 'vir', 'net', 'mtu', 'eth0=1400')).toMatch(/ENOSPC/);
      expect(await mistake(world, 125, 'run', 'vir', 'net', '--', 'echo', 'ran')).toMatch(/ENOSPC/);
      await expect.poll(look, { timeout: 5000 }).toEqual(full);
      expect(await world.ok('get', 'web')).toBe(pairs);
      expect(await world.ok('exec', '-e', 'web', '--', 'cat', '/sys/class/net/eth0/mtu')).toBe('1500\n');
      expect(await world.ok('destroy', 'web')).toMatch(/^removed web/);
    } finally {
      await world.sh('rm /run/filler');
      await room('64m');
    }
    await gone();
  });
});
