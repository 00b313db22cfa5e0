import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enumerate, killed, settled, web } from './lib/killed.ts';
import { cannot, World } from './lib/world.ts';

const why = cannot();

/** imgctl is killed before each of its acts on the machine, one by one; then gc, or any next command, leaves nothing behind. */
describe.skipIf(why !== undefined)(`kill -9 at every act of create and run${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];

  beforeAll(async () => {
    ({ world, before } = await World.started());
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('create', { timeout: 240_000 }, async () => {
    const acts = await enumerate(async (n) => {
      const result = await killed(world, n, 'create', ...web);
      await world.ok('gc');
      if ((await world.traces()).includes('file ./vimage/img/web')) {
        // It was published, so it is whole.
        expect(await world.json('ls')).toMatchObject([{ name: 'web', state: 'live' }]);
        expect(await world.ok('exec', 'web', '--', 'ip', '-br', 'addr'), `killed at ${n}`).toContain('10.7.0.2/24');
        await world.ok('destroy', 'web');
      }
      await settled(world, before, `killed at ${n}`);
      return result;
    });
    expect(acts).toBeGreaterThan(5);
  });

  it('run', { timeout: 240_000 }, async () => {
    const acts = await enumerate(async (n) => {
      const result = await killed(world, n, 'run', ...web, '--', 'true');
      await world.ok('gc');
      await settled(world, before, `killed at ${n}`);
      return result;
    });
    expect(acts).toBeGreaterThan(5);
  });

  it('the next command does what gc does', async () => {
    await killed(world, 12, 'create', ...web);
    expect(await world.traces()).not.toEqual(before);
    await world.ok('create', 'name', 'other', 'vir', 'proc');
    await world.ok('destroy', 'other');
    await world.imgctl('destroy', 'web');
    expect(await world.traces()).toEqual(before);
  });
});
