import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { box, cannotInside, images, InsideWorld } from './lib/inside.ts';
import { enumerate, killed, settled } from './lib/killed.ts';
import type { World } from './lib/world.ts';

const why = cannotInside();

/** The registry inside an image is a file system of its own: who lives there can fill that, and nothing else. */
describe.skipIf(why !== undefined)(`a registry inside that is filled${why === undefined ? '' : `: ${why}`}`, () => {
  let at: InsideWorld;
  let world: World;
  let before: readonly string[];
  const used = async (image?: string): Promise<string> => {
    const words = ['stat', '-f', '-c', '%f %d', image === undefined ? '/run' : '/run/vimage'];
    return (image === undefined ? await world.run(words) : await at.enter(image, ...words)).out;
  };
  const fill = 'dd if=/dev/zero of=/run/vimage/x bs=1M';
  const fillNames = `perl -e 'for (1..1000000) { open F, ">", "/run/vimage/n$_" or die "$_ $!\\n" }'`;

  beforeAll(async () => {
    at = await InsideWorld.open();
    world = at.world;
    before = await world.traces();
  });
  afterEach(async () => {
    for (const image of ['lab', 'other']) await at.imgctl('destroy', '-g', '0', image);
    expect(await world.traces()).toEqual(before);
  });
  afterAll(() => at[Symbol.asyncDispose]());

  it('takes nothing of the machine’s, by bytes or by names, and says inside what is full', async () => {
    await at.ok('create', ...box('lab', 2, ...images));
    await at.okInside('lab', 'create', 'name', 'web', 'vir', 'net');
    const machine = await used();
    for (const script of [fill, fillNames]) {
      expect(await at.sh('lab', script)).toMatchObject({ status: expect.not.toSatisfy((status: number) => status === 0), err: expect.stringContaining('No space left on device') });
      expect(await used()).toBe(machine);
      expect(await at.inside('lab', 'create', 'name', 'db')).toMatchObject({
        status: 1, err: expect.stringMatching(/ENOSPC.*\n.*the registry, \/run\/vimage, is full.*children\.max/s),
      });
      expect(await at.enter('lab.web', 'true')).toMatchObject({ status: 125, err: expect.stringMatching(/ENOSPC: .*the registry, \/run\/vimage, is full/) });
      // What is there can be removed; outside nothing is the matter.
      expect(await at.ok('ls')).toContain('lab.web');
      await at.ok('create', 'name', 'other', 'vir', 'net');
      await at.ok('set', 'lab', 'children.max', '3');
      await at.ok('set', 'lab', 'children.max', '2');
      await at.ok('destroy', 'other');
      await at.okInside('lab', 'destroy', 'web');
      await at.sh('lab', 'rm -f /run/vimage/x; find /run/vimage -name "n*" -delete');
      await at.okInside('lab', 'create', 'name', 'web', 'vir', 'net');
    }
  });

  it('takes nothing of the one around, three levels deep', async () => {
    await at.ok('create', ...box('lab', 2, ...images));
    await at.okInside('lab', 'create', ...box('mid', 2, ...images));
    await at.okInside('lab.mid', 'create', ...box('leaf', 2, ...images));
    await at.okInside('lab.mid.leaf', 'create', 'name', 'seed');
    const around = async (): Promise<readonly string[]> => [await used(), await used('lab'), await used('lab.mid')];
    const was = await around();
    expect((await at.sh('lab.mid.leaf', fill)).err).toContain('No space left on device');
    expect(await around()).toEqual(was);
    expect(await at.ok('ls')).toContain('lab.mid.leaf.seed');
    expect((await at.sh('lab.mid', fill)).err).toContain('No space left on device');
    expect((await around()).slice(0, 2)).toEqual(was.slice(0, 2));
    await at.okInside('lab', 'create', 'name', 'more');
  });

  it('is as large as children.max has it, and is made larger with it; nobody inside does that', async () => {
    await at.ok('create', ...box('lab', 2, ...images));
    const size = async (): Promise<number> => Number((await at.sh('lab', 'stat -f -c %b /run/vimage')).out);
    const small = await size();
    expect((await at.sh('lab', 'mount -o remount,size=1g /run/vimage')).status).not.toBe(0);
    expect(await size()).toBe(small);
    await at.ok('set', 'lab', 'children.max', '100');
    expect(await size()).toBeGreaterThan(small * 5);
    await at.sh('lab', 'head -c 20000000 /dev/zero > /run/vimage/x');
    await at.ok('set', 'lab', 'children.max', '2');
    expect((await at.sh('lab', 'stat -c %s /run/vimage/x; cat /run/vimage/children.max')).out).toBe('20000000\n2\n');
  });

  it('can be had later, and be given up', async () => {
    await at.ok('create', ...box('lab', 0, ...images));
    expect((await at.inside('lab', 'create', 'name', 'a')).status).toBe(1);
    await at.ok('set', 'lab', 'children.max', '1');
    await at.okInside('lab', 'create', 'name', 'a');
    expect(await at.imgctl('set', 'lab', 'children.max', '0')).toMatchObject({ status: 1, err: expect.stringMatching(/EBUSY.*made inside it/) });
    await at.okInside('lab', 'destroy', 'a');
    await at.ok('set', 'lab', 'children.max', '0');
    expect((await at.sh('lab', 'touch /run/vimage/x')).status).not.toBe(0);
  });

  it('goes after a kill at every act of create and destroy', { timeout: 240_000 }, async () => {
    const given = ['name', 'lab', 'children.max', '2', 'vir', 'user'];
    const made = await enumerate(async (n) => {
      const result = await killed(world, n, 'create', ...given);
      await at.ok('gc');
      await at.imgctl('destroy', 'lab');
      await settled(world, before, `killed at ${n}`);
      return result;
    });
    expect(made).toBeGreaterThan(5);
    await enumerate(async (n) => {
      await at.ok('create', ...given);
      const result = await killed(world, n, 'destroy', 'lab');
      await at.ok('gc');
      await at.imgctl('destroy', 'lab');
      await settled(world, before, `killed at ${n}`);
      return result;
    });
  });

  it('keeps no image from being changed when it was filled meanwhile, nor from going', async () => {
    await at.ok('create', ...box('lab', 2, ...images));
    await at.sh('lab', `${fillNames}; rm -f /run/vimage/children.max; touch /run/vimage/again; ${fill}`);
    await at.ok('set', 'lab', 'children.max', '1');
    expect(await at.ok('destroy', 'lab')).toContain('removed lab');
  });

  it('is looked for outside by what its owner says, and that is all', async () => {
    await at.ok('create', ...box('lab', 4, ...images));
    await at.okInside('lab', 'create', ...box('mid', 2, ...images));
    await at.okInside('lab.mid', 'create', 'name', 'seed');
    await at.sh('lab', `cd /run/vimage/img
      for name in nobody up fifo huge; do mkdir $name; cp mid/pairs $name; done
      tr '\\0' '\\n' < mid/plan | sed '/^serial$/{n;s/.*/12345/}' | tr '\\n' '\\0' > nobody/plan
      tr '\\0' '\\n' < mid/plan | sed '/^serial$/{n;s,.*,../..,}' | tr '\\n' '\\0' > up/plan
      cp -r mid bad; printf 'children.max\\0x\\0' > bad/pairs
      mkfifo fifo/plan; head -c 2000000 /dev/zero > huge/plan`);
    const names = (await at.ok('ls')).split('\n').slice(1).flatMap((line) => line.split(' ', 1)).filter((name) => name !== '');
    expect(names).toEqual(['lab', 'lab.bad', 'lab.bad.seed', 'lab.fifo', 'lab.huge', 'lab.mid', 'lab.mid.seed', 'lab.nobody', 'lab.up']);
  });
});
