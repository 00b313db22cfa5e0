import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, World } from './lib/world.ts';

const why = cannot();

describe.skipIf(why !== undefined)(`64 at once${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];

  beforeAll(async () => {
    world = await World.open();
    await world.ok('ls');
    before = await world.traces();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('each ends with success or a coded error, and registry and kernel agree', { timeout: 180_000 }, async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const commands = Array.from({ length: 64 }, (_, i): readonly string[] => {
      const name = names[(i * 7) % names.length] ?? 'a';
      switch (i % 4) {
        case 0: return ['create', 'name', name, 'vir', 'net', 'veth', `eth0=parent:${name}0`, 'vir', 'proc'];
        case 1: return ['set', name, 'vir', 'net', 'mtu', `eth0=${1300 + i}`];
        case 2: return i % 8 === 2 ? ['destroy', name, '--grace', '0'] : ['exec', name, '--', 'true'];
        default: return ['create', 'name', name, 'vir', 'net', 'veth', `eth0=parent:${name}0`];
      }
    });
    const results = await Promise.all(commands.map(async (command) => ({ command, result: await world.run([process.execPath, mainFile, ...command], { timeout: 150_000 }) })));
    for (const { command, result } of results) {
      expect([0, 1, 125], `${command.join(' ')}: ${result.err}`).toContain(result.status);
      if (result.status !== 0) expect(result.err, command.join(' ')).toMatch(/^(?:imgctl|imgexec): E[A-Z0-9]+: /m);
    }
    expect(results.filter(({ command, result }) => command[0] === 'create' && result.status === 0).length).toBeGreaterThanOrEqual(names.length - 2);
    await world.ok('gc');

    const images = await world.json('ls', '--dying') as { name: string; state: string; slots: { component: string; kind: string }[] }[];
    expect(images.filter(({ state }) => state !== 'live')).toEqual([]);
    for (const { name, slots } of images) {
      const owns = slots.filter(({ kind }) => kind === 'own').map(({ component }) => component);
      expect(await world.ok('exec', name, '--', 'ip', '-br', 'link'), name).toMatch(/^eth0@/m);
      const processes = Number((await world.ok('exec', name, '--', 'sh', '-c', 'ps -e --no-headers | wc -l')).trim());
      if (owns.includes('proc')) expect(processes, name).toBeLessThanOrEqual(4);
    }
    const links = (await world.sh('ip -br link | cut -d" " -f1')).trim().split('\n').map((name) => name.split('@')[0]);
    expect(links.sort()).toEqual(['lo', ...images.map(({ name }) => `${name}0`)].sort());

    for (const { name } of images) await world.ok('destroy', name, '--grace', '0');
    expect(await world.traces()).toEqual(before);
  });
});
