import { boot, type Kernel, type KernelEvent } from '@vimage/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryMachine, MemorySubstrate, toyComponent } from '@vimage/testing';

const components = [toyComponent('first'), toyComponent('second', ['first'])];

async function world(machine = new MemoryMachine(), cimg?: bigint): Promise<{ machine: MemoryMachine; kernel: Kernel }> {
  const substrate = new MemorySubstrate(machine);
  substrate.cimg = cimg;
  return { machine, kernel: await boot({ substrate, components }) };
}

const code = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'none', (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error));

describe('images', () => {
  it('owns, inherits and shares', async () => {
    const { kernel, machine } = await world();
    await kernel.create(['name', 'lab', 'children.max', '4', 'vir', 'first', 'items', 'x']);
    await kernel.create(['name', 'lab.in']);
    await kernel.create(['name', 'other', 'vir', 'first', 'share', 'lab']);
    const slots = async (name: string): Promise<string> => (await kernel.info(name)).slots.map(({ component, kind, owner }) => `${component}:${kind}:${owner}`).join(' ');
    expect(await slots('lab')).toBe('first:own:lab second:inherit:img0');
    expect(await slots('lab.in')).toBe('first:inherit:lab second:inherit:img0');
    expect(await slots('other')).toBe('first:share:lab second:inherit:img0');
    expect(machine.plans.get(3n)).toEqual([{ verb: 'join', args: [['pin', '1/first']], component: 'first' }]);
    expect(await code(kernel.set('other', ['vir', 'first', 'items', 'y']))).toBe('EINVAL');
  });

  it('keeps an instance for its sharers when the maker goes, and ends it with the last', async () => {
    const { kernel, machine } = await world();
    await kernel.create(['name', 'maker', 'vir', 'first', 'items', 'x']);
    await kernel.create(['name', 'heir', 'vir', 'first', 'share', 'maker']);
    const report = await kernel.destroy('maker');
    expect(report.dying).toEqual(['maker']);
    expect(machine.resources.size).toBe(1);
    expect((await kernel.list({ dying: true })).map(({ name, state }) => `${name} ${state}`)).toEqual(['heir live', 'maker dying']);
    const second = (await world(machine)).kernel;
    await second.create(['name', 'maker', 'vir', 'first', 'items', 'q']);
    expect((await second.info('heir')).slots[0]).toEqual({ component: 'first', kind: 'share', owner: 'maker', gone: '1' });
    expect((await kernel.info('heir')).slots[0]).toEqual({ component: 'first', kind: 'share', owner: 'maker', gone: '1' });
    await second.destroy('heir');
    expect([...machine.resources]).toEqual(['first/3/q']);
    expect(await kernel.list({ dying: true })).toHaveLength(1);
  });

  it('says who made what is shared, in whatever order images are read', async () => {
    const { kernel, machine } = await world();
    await kernel.create(['name', 'lab', 'children.max', '4']);
    await kernel.create(['name', 'lab.deep', 'vir', 'first', 'items', 'x']);
    await kernel.create(['name', 'a', 'children.max', '4', 'vir', 'first', 'share', 'lab.deep']);
    await kernel.create(['name', 'a.in']);
    const second = (await world(machine)).kernel;
    const owners = async (): Promise<readonly unknown[]> => (await second.list()).map(({ name, slots: [slot] }) => [name, slot?.kind, slot?.owner, slot?.gone]);
    expect(await owners()).toEqual([['a', 'share', 'lab.deep', undefined], ['a.in', 'inherit', 'lab.deep', undefined], ['lab', 'inherit', 'img0', undefined], ['lab.deep', 'own', 'lab.deep', undefined]]);
    await second.destroy('lab');
    expect(await owners()).toEqual([['a', 'share', 'lab.deep', '2'], ['a.in', 'inherit', 'lab.deep', '2']]);
    const third = await boot({ substrate: new MemorySubstrate(machine), components });
    expect((await third.info('a.in')).slots[0]).toEqual({ component: 'first', kind: 'inherit', owner: 'lab.deep', gone: '2' });
  });

  it('refuses to share what its component says cannot be, before anything is done', async () => {
    const machine = new MemoryMachine();
    const kernel = await boot({ substrate: new MemorySubstrate(machine), components: [toyComponent('first'), { ...toyComponent('alone'), unshared: 'there is one for each' }] });
    await kernel.create(['name', 'lab', 'vir', 'alone', 'items', 'x']);
    await expect(kernel.create(['name', 'other', 'vir', 'first', 'items', 'y', 'vir', 'alone', 'share', 'lab'])).rejects.toMatchObject({
      code: 'EOPNOTSUPP', subject: 'alone', message: '"vir alone" cannot be shared: there is one for each', hint: 'give the image its own "vir alone", or make it inside "lab"',
    });
    expect([...machine.resources]).toEqual(['alone/1/x']);
  });

  it('tells what is not as it was asked, of create, set and up', async () => {
    const toy = toyComponent('toy');
    const noting = { ...toy, create: (cx: Parameters<typeof toy.create>[0]) => (cx.note('made, but'), toy.create(cx)), set: (made: object, cx: Parameters<NonNullable<typeof toy.set>>[1]) => (cx.note('changed, but'), toy.set?.(made, cx)) };
    const kernel = await boot({ substrate: new MemorySubstrate(), components: [noting] });
    expect((await kernel.create(['name', 'a', 'vir', 'toy'])).notes).toEqual(['made, but']);
    expect((await kernel.lookup('a')).notes).toEqual([]);
    expect((await kernel.set('a', ['vir', 'toy', 'level', '5'])).notes).toEqual(['changed, but']);
    expect(await kernel.up([{ name: 'b', pairs: [['vir', 'toy']], children: [] }])).toMatchObject([{ action: 'created', detail: ['made, but'] }]);
  });

  it('shows what is too much as it was written', async () => {
    const { kernel } = await world();
    await kernel.create(['name', 'lab', 'children.max', '4', 'vir', 'first', 'level', '3']);
    await expect(kernel.create(['name', 'lab.web', 'vir', 'first', 'level', '4'])).rejects.toMatchObject({ code: 'EPERM', message: 'first.level 4 permits more than image "lab" does: it has 3' });
  });

  it('keeps to what another process has tightened or relaxed since', async () => {
    const { kernel, machine } = await world();
    await kernel.create(['name', 'lab', 'children.max', '4', 'vir', 'first', 'level', '5']);
    const other = (await world(machine)).kernel;
    expect(await other.list()).toHaveLength(1);
    const web = (level: string): Promise<unknown> => code(other.create(['name', 'lab.web', 'vir', 'first', 'level', level]));
    await kernel.set('lab', ['vir', 'first', 'level', '2']);
    expect(await web('3')).toBe('EPERM');
    await kernel.set('lab', ['vir', 'first', 'level', '9']);
    expect(await web('9')).toBe('none');
  });

  it('hides what is outside', async () => {
    const { kernel, machine } = await world();
    await kernel.create(['name', 'lab', 'children.max', '4']);
    await kernel.create(['name', 'lab.web']);
    await kernel.create(['name', 'other']);
    const inside = (await world(machine, 1n)).kernel;
    expect((await inside.list()).map(({ name }) => name)).toEqual(['web']);
    expect(await code(inside.get('other'))).toBe('ESRCH');
    expect(await code(inside.get('lab.web'))).toBe('ESRCH');
    expect(await inside.get('web')).toEqual([['name', 'web']]);
    await inside.create(['name', 'db']);
    expect((await kernel.list()).map(({ name }) => name)).toEqual(['lab', 'lab.db', 'lab.web', 'other']);
    expect(await code(inside.create(['name', 'x', 'vir', 'first', 'share', 'other']))).toBe('ESRCH');
  });

  it('keeps a child from permitting more than its parent, and tells which', async () => {
    const { kernel } = await world();
    await kernel.create(['name', 'lab', 'children.max', '4', 'vir', 'first', 'level', '5']);
    expect(await code(kernel.create(['name', 'lab.a', 'vir', 'first', 'level', '6']))).toBe('EPERM');
    await kernel.create(['name', 'lab.b', 'vir', 'first', 'level', '5']);
    expect(await code(kernel.set('lab.b', ['vir', 'first', 'level', '7']))).toBe('EPERM');
    await kernel.set('lab', ['vir', 'first', 'level', '3']);
    expect(await kernel.get('lab.b')).toEqual([['name', 'lab.b'], ['vir', 'first'], ['level', '5']]);
  });

  it('refuses with a code and changes nothing', async () => {
    const { kernel, machine } = await world();
    await kernel.create(['name', 'a']);
    const before = machine.generation;
    expect(await code(kernel.create(['name', 'a']))).toBe('EEXIST');
    expect(await code(kernel.create(['name', 'a.b']))).toBe('EPERM');
    expect(await code(kernel.create(['name', 'x.y']))).toBe('ESRCH');
    expect(await code(kernel.create(['name', 'b', 'vir', 'nope']))).toBe('ENOENT');
    expect(await code(kernel.create(['name', 'b', 'vir', 'first', 'itms', 'x']))).toBe('EINVAL');
    expect(await code(kernel.create(['name', 'b', 'vir', 'second']))).toBe('EINVAL');
    expect(await code(kernel.create(['name', 'b', 'vir', 'first', 'deny', 'true']))).toBe('EINVAL');
    expect(await code(kernel.create(['name', 'n'.repeat(300)]))).toBe('ENAMETOOLONG');
    expect(await code(kernel.create(['name', 'a\0b']))).toBe('EINVAL');
    expect(await code(kernel.create(['name']))).toBe('EINVAL');
    expect(await code(kernel.create([]))).toBe('EINVAL');
    expect(await code(kernel.set('a', ['vir', 'first', 'items', 'x']))).toBe('EROFS');
    expect(await code(kernel.destroy('zz'))).toBe('ESRCH');
    expect(machine.generation).toBe(before);
  });

  it('create(get(x)) is x', async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/).filter((each) => each !== 'img0');
    const items = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,5}$/).filter((each) => !['all', 'default'].includes(each)), { maxLength: 5 });
    const section = fc.record({ items, level: fc.integer({ min: 0, max: 100 }), fixed: fc.boolean() }, { requiredKeys: [] });
    const image = fc.record({ name, first: section, second: section, persist: fc.boolean(), 'children.max': fc.integer({ min: 0, max: 1000 }) }, { requiredKeys: ['name', 'first'] });
    await fc.assert(fc.asyncProperty(image, async (spec) => {
      const one = await world();
      const handle = await one.kernel.create(spec);
      const pairs = await handle.get();
      const two = await world();
      await two.kernel.create(pairs);
      expect(await two.kernel.get(spec.name)).toEqual(pairs);
      expect([...two.machine.resources]).toEqual([...one.machine.resources]);
      expect([...two.machine.plans.values()]).toEqual([...one.machine.plans.values()]);
    }), { numRuns: 60 });
  });

  it('up is create-or-update, and says what it did', async () => {
    const { kernel, machine } = await world();
    const lab = (items: string, children: readonly string[]) => [{
      name: 'lab',
      pairs: [['children.max', '4'], ['vir', 'first'], ['items', items]] as const,
      children: children.map((child) => ({ name: child, pairs: [['vir', 'first']] as const, children: [] })),
    }];
    const acts = async (...args: Parameters<Kernel['up']>): Promise<string> => (await kernel.up(...args)).map(({ name, action }) => `${action} ${name}`).join(', ');
    expect(await acts(lab('x', ['a', 'b']))).toBe('created lab, created lab.a, created lab.b');
    expect(await acts(lab('x', ['a', 'b']))).toBe('kept lab, kept lab.a, kept lab.b');
    expect(await acts(lab('x,y', ['b']))).toBe('changed lab, kept lab.b');
    expect(await acts(lab('x,y', ['b', 'c']), { prune: true })).toBe('kept lab, removed lab.a, kept lab.b, created lab.c');
    await kernel.down(lab('', []));
    expect(machine.images.size).toBe(0);
    expect(machine.resources.size).toBe(0);
  });

  it('up with replace makes anew what differs in what is fixed, and destroys nothing for what cannot be', async () => {
    const { kernel } = await world();
    const lab = (pairs: readonly (readonly [string, string])[]) => [{ name: 'lab', pairs: [['children.max', '4'], ['vir', 'first'], ...pairs] as const, children: [{ name: 'a', pairs: [], children: [] }] }];
    const serialOf = async (name: string): Promise<string> => (await kernel.info(name)).serial;
    const acts = async (...args: Parameters<Kernel['up']>): Promise<string> => (await kernel.up(...args)).map(({ name, action, detail }) => [action, name, ...detail].join(' ')).join(', ');
    await kernel.up(lab([]));
    await kernel.create(['name', 'lab.extra']);
    const first = await serialOf('lab');
    expect(await kernel.up(lab([['fixed', 'true']]))).toMatchObject([{ action: 'failed', error: { code: 'EROFS', subject: 'fixed', hint: expect.stringContaining('--replace') as unknown } }]);
    expect(await serialOf('lab')).toBe(first);
    expect(await acts(lab([['fixed', 'true'], ['deny', 'true']]), { replace: true })).toMatch(/^failed lab/);
    expect(await serialOf('lab'), 'checked before it is destroyed').toBe(first);
    expect(await acts(lab([['fixed', 'true']]), { replace: true })).toBe('replaced lab first.fixed, created lab.a');
    expect(await serialOf('lab')).not.toBe(first);
    expect((await kernel.list()).map(({ name }) => name)).toEqual(['lab', 'lab.a']);
    const again = lab([['fixed', 'true']]).map((each) => ({ ...each, pairs: [['children.max', '40'], ...each.pairs.slice(1)] as const }));
    expect(await acts(again, { replace: true })).toBe('replaced lab children.max, created lab.a');
    expect(await acts(again, { replace: true })).toBe('kept lab, kept lab.a');
  });

  it('one failure does not stop what does not depend on it', async () => {
    const { kernel } = await world();
    const steps = await kernel.up([
      { name: 'bad', pairs: [['vir', 'first'], ['deny', 'true']], children: [{ name: 'in', pairs: [], children: [] }] },
      { name: 'good', pairs: [], children: [] },
    ]).catch((error: unknown) => error);
    expect(steps).toMatchObject([{ name: 'bad', action: 'failed' }, { name: 'good', action: 'created' }]);
  });

  it('tells what other kernels change', async () => {
    const { kernel, machine } = await world();
    const other = (await world(machine)).kernel;
    const seen: string[] = [];
    const enough = new AbortController();
    const watching = (async () => {
      for await (const { type, name } of kernel.events(enough.signal) as AsyncIterable<KernelEvent>) {
        seen.push(`${type} ${name}`);
        if (type === 'removed') return;
        if (type === 'created') await other.set('a', ['vir', 'first', 'items', 'x']);
        if (type === 'changed') await other.destroy('a');
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 10));
    await other.create(['name', 'a', 'vir', 'first']);
    await watching;
    expect(seen).toEqual(['created a', 'changed a', 'removed a']);
  });

  it('ends what is not persistent with the kernel that made it', async () => {
    const { kernel, machine } = await world();
    await kernel.create(['name', 'gone']);
    await kernel.create(['name', 'stays', 'persist', 'true']);
    {
      await using handle = await kernel.create(['name', 'scoped']);
      expect(handle.name).toBe('scoped');
    }
    expect([...machine.images.values()].map(({ name }) => name)).toEqual(['gone', 'stays']);
    await kernel.close();
    expect([...machine.images.values()].map(({ name }) => name)).toEqual(['stays']);
    expect(await code(kernel.list())).toBe('ESRCH');
  });
});
