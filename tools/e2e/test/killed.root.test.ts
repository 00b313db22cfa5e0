import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { cannot, mainFile, workspace, World, type Result } from './lib/world.ts';

const why = cannot();
const preload = new URL('./fixtures/kill-at.mjs', import.meta.url).href;

/** imgctl is killed before each of its acts on the machine, one by one; then gc, or any next command, leaves nothing behind. */
describe.skipIf(why !== undefined)(`kill -9 at every act${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];

  beforeAll(async () => {
    world = await World.open();
    await world.ok('ls');
    before = await world.traces();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const killed = (at: number, ...args: readonly string[]): Promise<Result> =>
    world.run([process.execPath, '--import', preload, mainFile, ...args], { env: { E2E_KILL_AT: String(at) } });
  const web = ['name', 'web', 'vir', 'net', 'veth', 'eth0=parent:web0', 'addr', 'eth0=10.7.0.2/24', 'vir', 'proc'];

  /** Runs `once` with n = 0, 1, ... until the command was not killed any more; how often it was. */
  const enumerate = async (once: (n: number) => Promise<Result>): Promise<number> => {
    for (let n = 0; n < 400; n++) {
      const result = await once(n);
      if (result.status !== 137 && result.signal !== 'SIGKILL') {
        expect(result.status, result.err).toBe(0);
        return n;
      }
    }
    throw new Error('it never came to its end');
  };

  it('the preload stands at the same door', () => {
    expect(fileURLToPath(preload).startsWith(workspace)).toBe(true);
  });

  it('create', { timeout: 240_000 }, async () => {
    const acts = await enumerate(async (n) => {
      const result = await killed(n, 'create', ...web);
      await world.ok('gc');
      const images = await world.json('ls') as { name: string; state: string }[];
      if (images.length > 0) {
        // It was published, so it is whole.
        expect(images).toMatchObject([{ name: 'web', state: 'live' }]);
        expect(await world.ok('exec', 'web', '--', 'ip', '-br', 'addr'), `killed at ${n}`).toContain('10.7.0.2/24');
        await world.ok('destroy', 'web');
      }
      expect(await world.traces(), `killed at ${n}`).toEqual(before);
      return result;
    });
    expect(acts).toBeGreaterThan(5);
  });

  it('set', { timeout: 240_000 }, async () => {
    await world.ok('create', ...web);
    const acts = await enumerate(async (n) => {
      const mtu = 1300 + n;
      const result = await killed(n, 'set', 'web', 'vir', 'net', 'mtu', `eth0=${mtu}`, 'addr', `eth0=10.7.${n % 250}.2/24`);
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
      const result = await killed(n, 'destroy', 'web');
      await world.ok('gc');
      const images = await world.json('ls') as { name: string; state: string }[];
      // Either nothing had happened yet, or it is finished by whoever comes next.
      if (images.length > 0) await world.ok('destroy', 'web');
      expect(await world.traces(), `killed at ${n}`).toEqual(before);
      return result;
    });
    expect(acts).toBeGreaterThan(5);
  });

  it('run', { timeout: 240_000 }, async () => {
    const acts = await enumerate(async (n) => {
      const result = await killed(n, 'run', ...web, '--', 'true');
      await world.ok('gc');
      expect(await world.ok('ls', '--dying'), `killed at ${n}`).not.toContain('web');
      expect(await world.traces(), `killed at ${n}`).toEqual(before);
      return result;
    });
    expect(acts).toBeGreaterThan(5);
  });

  it('the next command does what gc does', async () => {
    const acts = 12;
    await killed(acts, 'create', ...web);
    await world.ok('create', 'name', 'other', 'vir', 'proc');
    await world.ok('destroy', 'other');
    await world.imgctl('destroy', 'web');
    expect(await world.traces()).toEqual(before);
  });
});
