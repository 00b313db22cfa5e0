import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enumerate, killed, settled, web } from './lib/killed.ts';
import { cannot, World } from './lib/world.ts';

const why = cannot();

/** imgctl is killed before each of its acts on the machine, one by one; then gc, or any next command, leaves nothing behind. */
describe.skipIf(why !== undefined)(`kill -9 at every act of set and destroy${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];

  beforeAll(async () => {
    ({ world, before } = await World.started());
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('set', { timeout: 240_000 }, async () => {
    await world.ok('create', ...web);
    const acts = await enumerate(async (n) => {
      const mtu = 1300 + n;
      const result = await killed(world, n, 'set', 'web', 'vir', 'net', 'mtu', `eth0=${mtu}`, 'addr', `eth0=10.7.${n % 250}.2/24`);
      await world.ok('gc');
      const pairs = await world.ok('get', 'web');
      const now = await world.ok('exec', '-e', 'web', '--', 'ip', 'addr', 'show', 'eth0');
      // What the registry says is what the kernel has: the old or the new.
      const said = /mtu=eth0=(\d+)/.exec(pairs)?.[1] ?? '1500';
      expect(now, `killed at ${n}`).toContain(`mtu ${said} `);
      expect(now, `killed at ${n}`).toContain(/addr=eth0=([0-9.]+\/24)/.exec(pairs)?.[1] ?? '?');
      return result;
    });
    expect(acts).toBeGreaterThan(2);
    await world.ok('destroy', 'web');
    expect(await world.traces()).toEqual(before);
  });

  it('destroy', { timeout: 240_000 }, async () => {
    const acts = await enumerate(async (n) => {
      await world.ok('create', ...web);
      const result = await killed(world, n, 'destroy', 'web');
      await world.ok('gc');
      // Nothing had happened yet, or it is finished by whoever comes next.
      if ((await world.traces()).includes('file ./vimage/img/web')) await world.ok('destroy', 'web');
      await settled(world, before, `killed at ${n}`);
      return result;
    });
    expect(acts).toBeGreaterThan(5);
  });
});
