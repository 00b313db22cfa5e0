import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, World } from './lib/world.ts';

const why = cannot();

/** Without the right: which one is missing, what to do, and the command is never run unisolated. */
describe.skipIf(why !== undefined)('where it is not permitted', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  // Root without capabilities, and without a user namespace to get them in.
  const bare = (...args: readonly string[]): ReturnType<World['run']> =>
    world.run(['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', process.execPath, mainFile, ...args]);

  it.each([
    [1, ['create', 'name', 'web', 'vir', 'net']],
    [125, ['exec', 'web', '--', 'echo', 'ran']],
    [125, ['run', 'vir', 'net', '--', 'echo', 'ran']],
    [1, ['destroy', 'web']],
  ])('status %d: imgctl %j', async (status, args) => {
    const result = await bare(...args);
    expect(result).toMatchObject({ status, out: '' });
    expect(result.err).toMatch(/^imgctl: EPERM: /);
    expect(result.err).toMatch(/CAP_|capab|root|right|privilege/i);
    expect(result.err.split('\n').length).toBeGreaterThan(2);
  });

  it('still explains', async () => {
    expect((await bare('create', '--help')).out).toContain('Examples');
    expect((await bare('params')).status).toBe(0);
    expect((await bare('components')).status).toBe(0);
    expect((await bare('create', 'name', 'web', 'vir', 'net', 'adr', 'x')).err).toContain('did you mean "addr"?');
  });
});
