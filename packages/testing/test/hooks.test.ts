import { VimageError, boot, codeOf, defineComponent, param, type, type AnyComponent, type Kernel } from '@vimage/core';
import { describe, expect, it } from 'vitest';
import { MemoryMachine, MemorySubstrate, toyComponent } from '@vimage/testing';

type Point = 'starting' | 'started' | 'stopping' | 'stopped';

interface World {
  readonly kernel: Kernel;
  readonly teller: AnyComponent;
  readonly machine: MemoryMachine;
  readonly substrate: MemorySubstrate;
  readonly said: string[];
  /** Points that fail. */
  readonly failing: Set<Point>;
}

/** A component that says what it is told and when, and that brings two others along. */
async function world(machine = new MemoryMachine(), said: string[] = [], without: readonly string[] = []): Promise<World> {
  const substrate = new MemorySubstrate(machine);
  const failing = new Set<Point>();
  const say = (point: Point, name: string, around: string | undefined): void => {
    const there = [...machine.images.values()].some((image) => image.name === name && image.state === 'live');
    said.push(`${point} ${name}${there ? ' there' : ''}${around === undefined ? '' : ` in ${around}`}${machine.locked ? ' locked' : ''}`);
    if (failing.has(point)) throw new VimageError('EIO', `${point} fails`);
  };
  const teller: AnyComponent = defineComponent<string>({
    name: 'teller',
    interface: 1,
    describe: 'tells',
    after: ['second'],
    params: { level: param(type.int({ min: 0, max: 9 }), { access: 'rw', describe: 'brought to first', example: '1' }), alone: param(type.flag(), { access: 'create', describe: 'brings nothing', example: 'true' }) },
    root: () => ({}),
    implied: ({ values }) => (values['alone'] === true ? [] : [['vir', 'first'], ['items', 'x'], ...('level' in values ? [['level', String(values['level'])] as const] : [])]),
    create: () => ({}),
    set: () => undefined,
    save: () => [],
    restore: () => ({}),
    entry: () => [],
    starting: ({ image, around }) => { say('starting', image.name, around?.name); },
    started: (_, { image, around }) => { say('started', image.name, around?.name); },
    stopping: (_, { image, around }) => {
      say('stopping', image.name, around?.name);
      return ['a note'];
    },
    stopped: ({ image, around }) => {
      say('stopped', image.name, around?.name);
      return ['another'];
    },
  });
  const components = [toyComponent('first'), toyComponent('second'), teller].filter(({ name }) => !without.includes(name));
  return { kernel: await boot({ substrate, components }), teller, machine, substrate, said, failing };
}

describe('before and after an image', () => {
  it('is told in order, with no lock held', async () => {
    const { kernel, said } = await world();
    await kernel.create(['name', 'a', 'children.max', '2', 'vir', 'teller']);
    await kernel.create(['name', 'a.b', 'vir', 'teller']);
    expect(said).toEqual(['starting a', 'started a there', 'starting a.b in a', 'started a.b there in a']);
    said.length = 0;
    const { notes } = await kernel.destroy('a');
    expect(said).toEqual(['stopping a.b there in a', 'stopping a there', 'stopped a.b in a', 'stopped a']);
    expect(notes).toEqual(['a note', 'a note', 'another', 'another']);
  });

  it('is not told of what is inherited or shared', async () => {
    const { kernel, said } = await world();
    await kernel.create(['name', 'a', 'children.max', '2', 'vir', 'teller']);
    said.length = 0;
    await kernel.create(['name', 'a.b']);
    await kernel.create(['name', 'c', 'vir', 'teller', 'share', 'a', 'vir', 'first', 'share', 'a']);
    await kernel.destroy('c');
    expect(said).toEqual([]);
  });

  it('is looked for only where a section may have it', async () => {
    const { kernel, substrate } = await world();
    const loads = async (...words: string[]): Promise<number> => {
      substrate.calls.length = 0;
      await kernel.create(words);
      return substrate.calls.filter((call) => call === 'load').length;
    };
    expect(await loads('name', 'a', 'vir', 'first')).toBe(1);
    expect(await loads('name', 'b')).toBe(1);
    expect(await loads('name', 'c', 'vir', 'teller')).toBe(4);
  });

  it('is told of what is brought along', async () => {
    const { said, teller, machine } = await world();
    const bringer: AnyComponent = { ...toyComponent('bringer'), implied: () => [['vir', 'teller']] };
    const kernel = await boot({ substrate: new MemorySubstrate(machine), components: [toyComponent('first'), toyComponent('second'), teller, bringer] });
    await kernel.create(['name', 'a', 'vir', 'bringer']);
    expect(said).toEqual(['starting a', 'started a there']);
  });

  it('leaves nothing where it is refused before', async () => {
    const { kernel, said, failing, machine } = await world();
    failing.add('starting');
    await expect(kernel.create(['name', 'a', 'vir', 'teller'])).rejects.toMatchObject({ code: 'EIO', message: 'starting fails', hint: 'another' });
    expect(said).toEqual(['starting a', 'stopped a']);
    expect([machine.images.size, machine.resources.size, machine.lastSerial]).toEqual([0, 0, 0n]);
  });

  it('leaves nothing where it is refused after, and tells what the undoing had to say', async () => {
    const { kernel, said, failing, machine } = await world();
    failing.add('started');
    await expect(kernel.create(['name', 'a', 'vir', 'teller'])).rejects.toMatchObject({ code: 'EIO', message: 'started fails', hint: 'a note\nanother' });
    expect(said).toEqual(['starting a', 'started a there', 'stopping a there', 'stopped a']);
    expect([machine.images.size, machine.resources.size]).toEqual([0, 0]);
  });

  it('is told that it is over where the image cannot be made, and not at all where that was clear before', async () => {
    const { kernel, said, machine, substrate } = await world();
    await expect(kernel.create(['name', 'a', 'vir', 'teller', 'vir', 'second', 'deny', 'true'])).rejects.toMatchObject({ code: 'EINVAL' });
    expect(said).toEqual([]);
    substrate.failAt = substrate.calls.length + 4;
    await expect(kernel.create(['name', 'a', 'vir', 'teller'])).rejects.toMatchObject({ code: 'EIO' });
    substrate.failAt = undefined;
    expect(said).toEqual(['starting a', 'stopped a']);
    expect([machine.images.size, machine.resources.size]).toEqual([0, 0]);
  });

  it('stops no destroying', async () => {
    const { kernel, failing, machine } = await world();
    await kernel.create(['name', 'a', 'vir', 'teller']);
    failing.add('stopping');
    expect((await kernel.destroy('a')).notes).toEqual(['teller of a: stopping fails', 'another']);
    expect([machine.images.size, machine.resources.size]).toEqual([0, 0]);
  });

  it('comes with up and down', async () => {
    const { kernel, said, failing } = await world();
    const tree = [{ name: 'a', pairs: [['vir', 'teller']] as const, children: [] }];
    failing.add('started');
    expect((await kernel.up(tree)).map(({ action }) => action)).toEqual(['failed']);
    failing.clear();
    said.length = 0;
    await kernel.up(tree);
    await kernel.up(tree);
    await kernel.down(tree);
    expect(said).toEqual(['starting a', 'started a there', 'stopping a there', 'stopped a']);
  });
});

describe('what a section brings along', () => {
  const slots = async (kernel: Kernel, name: string): Promise<string> => (await kernel.info(name)).slots.map(({ component, kind }) => `${component}:${kind}`).join(' ');

  it('is made, and is not among the pairs', async () => {
    const { kernel, machine } = await world();
    await kernel.create(['name', 'a', 'vir', 'teller', 'level', '3']);
    expect(await slots(kernel, 'a')).toBe('first:own second:inherit teller:own');
    expect(await kernel.get('a')).toEqual([['name', 'a'], ['vir', 'teller'], ['level', '3']]);
    expect([...machine.resources]).toEqual(['first/1/x']);
    const other = await world(machine);
    expect(await slots(other.kernel, 'a')).toBe('first:own second:inherit teller:own');
    await other.kernel.destroy('a');
    expect([...machine.resources]).toEqual([]);
  });

  it('yields to what is said, joins lists, and leaves a shared section alone', async () => {
    const { kernel, machine } = await world();
    await kernel.create(['name', 'a', 'vir', 'first', 'items', 'y', 'level', '5', 'vir', 'teller', 'level', '3']);
    expect([...machine.resources].sort()).toEqual(['first/1/x', 'first/1/y']);
    expect(await (await kernel.lookup('a')).slot('first')).toMatchObject({ level: 5 });
    await kernel.create(['name', 'b', 'vir', 'first', 'share', 'a', 'vir', 'teller']);
    expect(await slots(kernel, 'b')).toBe('first:share second:inherit teller:own');
    await kernel.create(['name', 'c', 'vir', 'teller', 'alone', 'true']);
    expect(await slots(kernel, 'c')).toBe('first:inherit second:inherit teller:own');
  });

  it('changes with it, restricts as if said, and cannot come later', async () => {
    const { kernel } = await world();
    await kernel.create(['name', 'a', 'children.max', '2', 'vir', 'teller', 'level', '3']);
    const report = await kernel.set('a', ['vir', 'teller', 'level', '2']);
    expect(report.changed).toEqual(['teller.level']);
    expect(await (await kernel.lookup('a')).slot('first')).toMatchObject({ level: 2 });
    await expect(kernel.create(['name', 'a.b', 'vir', 'first', 'level', '3'])).rejects.toMatchObject({ code: 'EPERM' });
    await kernel.create(['name', 'a.b', 'vir', 'first', 'level', '1']);
    await expect(kernel.set('a', ['vir', 'first', 'level', '1'])).rejects.toMatchObject({ code: 'EROFS' });
  });

  it('is told to its component as it was and as it is to be, and restricts as before where that fails', async () => {
    const { machine, teller } = await world();
    const first = toyComponent('first');
    const told: unknown[] = [];
    const telling: AnyComponent = {
      ...first,
      set: (toy, cx) => {
        told.push([cx.before, cx.values]);
        return first.set?.(toy, cx);
      },
    };
    const substrate = new MemorySubstrate(machine);
    const kernel = await boot({ substrate, components: [telling, toyComponent('second'), teller] });
    await kernel.create(['name', 'a', 'children.max', '2', 'vir', 'teller', 'level', '3']);
    // The lock, the registry, the stage; then it would be published.
    substrate.failAt = substrate.calls.length + 3;
    await expect(kernel.set('a', ['vir', 'teller', 'level', '2'])).rejects.toMatchObject({ subject: 'publish a' });
    substrate.failAt = undefined;
    expect(told).toEqual([[{ items: ['x'], level: 3 }, { items: ['x'], level: 2 }]]);
    await expect(kernel.create(['name', 'a.b', 'vir', 'first', 'level', '4'])).rejects.toMatchObject({ code: 'EPERM' });
    await kernel.create(['name', 'a.b', 'vir', 'first', 'level', '3']);
  });

  it('says which package is missing', async () => {
    const teller: AnyComponent = { ...toyComponent('teller'), implied: () => [['vir', 'gone'], ['key', 'value']] };
    const kernel = await boot({ substrate: new MemorySubstrate(), components: [teller] });
    const error: unknown = await kernel.create(['name', 'a', 'vir', 'teller']).catch((each: unknown) => each);
    expect(codeOf(error)).toBe('ENOENT');
    expect(String(error)).toContain('"vir teller" brings "vir gone" with it');
  });
});

describe('sharing what brings others along', () => {
  it('takes saying what one has of those', async () => {
    const { kernel } = await world();
    await kernel.create(['name', 'a', 'vir', 'teller']);
    await expect(kernel.create(['name', 'b', 'vir', 'teller', 'share', 'a'])).rejects.toMatchObject({ code: 'EINVAL', message: expect.stringContaining('without first'), hint: 'add: vir first share a' });
    await kernel.create(['name', 'b', 'vir', 'teller', 'share', 'a', 'vir', 'first', 'share', 'a']);
    await kernel.create(['name', 'c', 'vir', 'teller', 'alone', 'true']);
    await kernel.create(['name', 'd', 'vir', 'teller', 'share', 'c']);
    await expect(kernel.create(['name', 'e', 'vir', 'teller', 'share', 'b'])).rejects.toMatchObject({ code: 'EINVAL', hint: 'add: vir first share b' });
    await kernel.close();
  });
});

describe('a component that is not installed here', () => {
  it('is missing to nobody without a word: nothing is made inside, shared from or changed below what has it', async () => {
    const { kernel, machine } = await world();
    await kernel.create(['name', 'a', 'persist', 'true', 'children.max', '4', 'vir', 'teller']);
    await kernel.create(['name', 'a.b', 'persist', 'true', 'children.max', '4', 'vir', 'first']);
    await kernel.create(['name', 'c', 'persist', 'true']);
    await kernel.close();
    const plans = (): string => JSON.stringify([...machine.plans].map(([serial, steps]) => [String(serial), steps]));
    const before = plans();
    const fewer = await boot({ substrate: new MemorySubstrate(machine), components: [toyComponent('first'), toyComponent('second')] });
    const missing = { code: 'EOPNOTSUPP', subject: 'teller' };
    await expect(fewer.create(['name', 'a.d'])).rejects.toMatchObject(missing);
    await expect(fewer.create(['name', 'a.b.d', 'vir', 'first', 'vir', 'second'])).rejects.toMatchObject(missing);
    await expect(fewer.create(['name', 'd', 'vir', 'first', 'share', 'a.b'])).rejects.toMatchObject(missing);
    await expect(fewer.set('a.b', ['vir', 'first', 'level', '2'])).rejects.toMatchObject(missing);
    await expect(fewer.set('c', ['children.max', '1'])).resolves.toMatchObject({ changed: ['children.max'] });
    expect(plans()).toBe(before);
    expect((await fewer.list()).map(({ name }) => name)).toEqual(['a', 'a.b', 'c']);
    await fewer.close();
  });

  it('is named where another has brought it along: the image is not damaged', async () => {
    const { kernel, machine, said } = await world();
    await kernel.create(['name', 'a', 'persist', 'true', 'children.max', '2', 'vir', 'first', 'items', 'y', 'vir', 'second', 'vir', 'teller', 'level', '3']);
    await kernel.close();
    said.length = 0;
    const { kernel: fewer } = await world(machine, said, ['first', 'second']);
    expect((await fewer.list()).map(({ name, state, slots }) => [name, state, slots.map(({ component }) => component).sort()])).toEqual([['a', 'live', ['first', 'second', 'teller']]]);
    expect((await fewer.get('a')).length).toBeGreaterThan(3);
    for (const act of [fewer.destroy('a'), fewer.create(['name', 'a.b'])]) {
      await expect(act).rejects.toMatchObject({ code: 'EOPNOTSUPP', hint: expect.stringContaining('install the package of') });
    }
    await expect(fewer.set('a', ['vir', 'teller', 'level', '2'])).rejects.toMatchObject({ hint: expect.stringContaining('install') });
    expect(said).toEqual([]);
    await fewer.close();
  });

  it.each([['vir', 'teller'], ['vir', 'first']])('what is dying and has it stays so, and keeps nothing else: %s %s', async (...section) => {
    const { kernel, machine } = await world();
    await kernel.create(['name', 'a', 'persist', 'true', ...section]);
    await kernel.close();
    for (const [serial, image] of machine.images) machine.images.set(serial, { ...image, state: 'dying' });
    const { kernel: fewer } = await world(machine, [], ['first']);
    await fewer.create(['name', 'other', 'vir', 'second']);
    expect(await fewer.destroy('other')).toMatchObject({ removed: ['other'] });
    expect(await fewer.gc()).toEqual(['"a" was left alone: it has a component "first" that is not installed here']);
    expect((await fewer.list({ dying: true })).map(({ name, state }) => `${name} ${state}`)).toEqual(['a dying']);
    await fewer.close();
    const again = await world(machine);
    await again.kernel.gc();
    expect([machine.images.size, machine.resources.size]).toEqual([0, 0]);
  });
});
