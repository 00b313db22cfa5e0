import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, World } from './lib/world.ts';

const why = cannot();
const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const verbs = ['create', 'set', 'destroy', 'exec'] as const;
type Verb = (typeof verbs)[number];

const section = (name: string): readonly string[] => ['vir', 'net', 'veth', `eth0=parent:${name}0`];

/** The i-th of the commands that run at once: every verb on every name, some of them more than once. */
function command(i: number): { readonly verb: Verb; readonly words: readonly string[] } {
  const verb = verbs[i % verbs.length] ?? 'exec';
  const round = Math.floor(i / verbs.length);
  const name = names[round % names.length] ?? 'a';
  switch (verb) {
    case 'create': return { verb, words: ['name', name, ...section(name), ...(round % 2 === 0 ? ['vir', 'proc'] : [])] };
    case 'set': return { verb, words: [name, 'vir', 'net', 'mtu', `eth0=${1300 + i}`] };
    case 'destroy': return { verb, words: [name, '--grace', '0'] };
    case 'exec': return { verb, words: [name, '--', 'sleep', '0.05'] };
  }
}

interface Listed {
  readonly name: string;
  readonly serial: string;
  readonly state: string;
  readonly slots: readonly { readonly component: string; readonly kind: string }[];
}

describe.skipIf(why !== undefined)(`64 at once${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];

  beforeAll(async () => {
    ({ world, before } = await World.started());
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** What the kernel has must be what the registry says, of every kind. */
  const agree = async (images: readonly Listed[]): Promise<void> => {
    const own = (component: string): readonly string[] => images.filter(({ slots }) => slots.some((slot) => slot.component === component && slot.kind === 'own')).map(({ serial }) => serial);
    // Which mount views there are depends on who came to enter.
    const pins = (await world.pins()).filter((line) => !line.endsWith('/mnt'));
    expect(pins.sort()).toEqual([...own('net').map((serial) => `pin /${serial}/net`), ...own('proc').flatMap((serial) => [`pin /${serial}/pid`, `pin /${serial}/view`])].sort());
    expect((await world.pins()).every((line) => images.some(({ serial }) => line.startsWith(`pin /${serial}/`)))).toBe(true);
    const cgroups = world.cgroups().flatMap((at) => /^\/vimage\/(\d+)/.exec(at)?.[1] ?? at);
    expect([...new Set(cgroups)].filter((serial) => !images.some((image) => image.serial === serial))).toEqual([]);
    // Nothing runs any more but two pid 1s for each process table.
    const processes = world.processes();
    expect(processes.filter((line) => !line.includes('imgexec init'))).toEqual([]);
    expect(processes.length).toBe(2 * own('proc').length);
    const links = (await world.sh('ip -br link | cut -d" " -f1')).trim().split('\n').map((name) => name.split('@')[0]);
    expect(links.sort()).toEqual(['lo', ...images.map(({ name }) => `${name}0`)].sort());
    // A registry with no images goes away.
    if (images.length > 0) expect((await world.sh('ls -A /run/vimage/img /run/vimage/dying')).split('\n').filter((line) => line !== '').sort()).toEqual(['/run/vimage/dying:', '/run/vimage/img:', ...images.map(({ name }) => name)].sort());
    for (const { name } of images) {
      const asked = /mtu=eth0=(\d+)/.exec(await world.ok('get', name))?.[1] ?? '1500';
      expect(await world.ok('exec', '-e', name, '--', 'cat', '/sys/class/net/eth0/mtu'), name).toBe(`${asked}\n`);
    }
  };

  it('each ends with success or a coded error, every verb has its successes, and registry and kernel agree', { timeout: 240_000 }, async () => {
    for (const name of ['a', 'b', 'c']) await world.ok('create', 'name', name, ...section(name), 'vir', 'proc');
    const commands = Array.from({ length: 64 }, (_, i) => command(i));
    const results = await Promise.all(commands.map(async ({ verb, words }) => ({ verb, words, result: await world.run([process.execPath, mainFile, verb, ...words], { timeout: 200_000 }) })));
    for (const { verb, words, result } of results) {
      const line = `${verb} ${words.join(' ')}`;
      // A command that runs while its image is destroyed is killed with it.
      expect(verb === 'exec' ? [0, 125, 137] : [0, 1], `${line}: ${result.err}`).toContain(result.status);
      if (result.status !== 0 && result.status !== 137) expect(result.err, line).toMatch(/^(?:imgctl|imgexec): E[A-Z0-9]+: /m);
    }
    const successes = (verb: Verb): number => results.filter((each) => each.verb === verb && each.result.status === 0).length;
    // The three that were there were destroyed, if nothing else was, and the three that were not were made.
    expect(successes('create')).toBeGreaterThanOrEqual(3);
    expect(successes('destroy')).toBeGreaterThanOrEqual(3);
    expect(successes('set')).toBeGreaterThanOrEqual(1);
    expect(successes('exec')).toBeGreaterThanOrEqual(1);
    await world.ok('gc');

    const images = await world.json('ls', '--dying') as readonly Listed[];
    expect(images.filter(({ state }) => state !== 'live')).toEqual([]);
    await expect.poll(() => agree(images).then(() => 'agree', (error: Error) => error.message), { timeout: 10_000, interval: 200 }).toBe('agree');
    if (images.length > 0) await world.ok('destroy', '--grace', '0', ...images.map(({ name }) => name));
    await expect.poll(() => world.traces(), { timeout: 5000 }).toEqual(before);
  });
});
