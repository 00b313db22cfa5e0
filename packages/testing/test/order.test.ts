import { boot, param, type, type AnyComponent, type EntryStep, type Kernel } from '@vimage/core';
import { describe, expect, it } from 'vitest';
import { MemoryMachine, MemorySubstrate, toyComponent } from '@vimage/testing';

const kernelOf = (components: readonly AnyComponent[], machine = new MemoryMachine()): Promise<Kernel> => boot({ substrate: new MemorySubstrate(machine), components });

describe('after', () => {
  it('orders those that are registered and needs none of them', async () => {
    const late = toyComponent('late', [], ['early', 'nowhere']);
    const kernel = await kernelOf([late, toyComponent('early')]);
    expect(kernel.components().map(({ name }) => name)).toEqual(['early', 'late']);
    await expect(kernel.create(['name', 'alone', 'vir', 'late'])).resolves.toBeDefined();
  });

  it('makes a circle with requires', async () => {
    await expect(kernelOf([toyComponent('a', ['b']), toyComponent('b', [], ['a'])])).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it.each([[undefined], [null], ['net']])('refuses %j in the place of a component', async (given) => {
    // As JavaScript passes a name that its package does not export.
    await expect(Reflect.apply(kernelOf, undefined, [[given]])).rejects.toMatchObject({ code: 'EINVAL', message: `expected a component, not ${String(given)}` });
  });

  it('lets create() and set() look: undefined where it is not registered', async () => {
    const seen: unknown[] = [];
    const late = toyComponent('late', [], ['early', 'nowhere']);
    const looking: AnyComponent = {
      ...late,
      async create(cx) {
        seen.push(await cx.peek('early'), await cx.peek('nowhere'));
        return late.create(cx);
      },
      async set(instance, cx) {
        seen.push(await cx.peek('early'), await cx.peek('nowhere'));
        return late.set?.(instance, cx);
      },
    };
    const kernel = await kernelOf([looking, toyComponent('early')]);
    await kernel.create(['name', 'one', 'vir', 'early', 'items', 'x', 'vir', 'late']);
    await kernel.set('one', ['vir', 'late', 'level', '3']);
    expect(seen).toMatchObject([{ items: ['x'] }, undefined, { items: ['x'] }, undefined]);
  });
});

describe('entry', () => {
  const toy = toyComponent('toy');
  const telling: AnyComponent = {
    ...toy,
    entry: (_instance, cx): readonly EntryStep[] => [{ verb: 'join', args: [['pin', `${cx.image.name} ${String(cx.held('level')?.value)} ${String(cx.delegated)}`]] }],
  };

  it('is told what holds, of the image and of the maker, and whether there may be children', async () => {
    const machine = new MemoryMachine();
    const kernel = await kernelOf([telling], machine);
    const told = (serial: bigint): unknown => machine.plans.get(serial)?.[0]?.args[0]?.[1];
    await kernel.create(['name', 'lab', 'children.max', '4', 'vir', 'toy', 'level', '7']);
    await kernel.create(['name', 'lab.in', 'vir', 'toy']);
    await kernel.create(['name', 'other', 'vir', 'toy', 'share', 'lab']);
    expect([told(1n), told(2n), told(3n)]).toEqual(['lab 7 true', 'lab.in 7 false', 'other 7 false']);
    await kernel.set('lab', ['vir', 'toy', 'level', '5']);
    expect(told(1n)).toBe('lab 5 true');
  });

  it('hears of a change above and in what it shares, and back', async () => {
    const machine = new MemoryMachine();
    const kernel = await kernelOf([telling], machine);
    const told = (): unknown[] => [1n, 2n, 3n, 4n, 5n].map((serial) => String(machine.plans.get(serial)?.[0]?.args[0]?.[1]).split(' ')[1]);
    await kernel.create(['name', 'lab', 'children.max', '4', 'vir', 'toy', 'level', '7']);
    await kernel.create(['name', 'lab.own', 'children.max', '1', 'vir', 'toy', 'level', '6']);
    await kernel.create(['name', 'lab.own.heir']);
    await kernel.create(['name', 'peer', 'vir', 'toy', 'share', 'lab.own']);
    await kernel.create(['name', 'other', 'vir', 'toy', 'level', '9']);
    expect(told()).toEqual(['7', '6', '6', '6', '9']);
    expect(await kernel.set('lab', ['vir', 'toy', 'level', '5'])).toMatchObject({ changed: ['toy.level'], notes: ['also holds in lab.own, lab.own.heir, peer'] });
    expect(told()).toEqual(['5', '5', '5', '5', '9']);
    expect(await kernel.get('lab.own')).toContainEqual(['level', '6']);
    expect((await kernel.set('lab', ['vir', 'toy', 'level', '8'])).notes).toEqual(['also holds in lab.own, lab.own.heir, peer']);
    expect(told()).toEqual(['8', '6', '6', '6', '9']);
    expect((await kernel.set('lab', ['vir', 'toy', 'level', '10'])).notes).toEqual([]);
    await expect(kernel.set('lab.own', ['vir', 'toy', 'level', '11'])).rejects.toMatchObject({ code: 'EPERM' });
  });

  it('counts a default of the component as what holds, and refuses only what was asked', async () => {
    const machine = new MemoryMachine();
    const strict: AnyComponent = { ...telling, params: { ...toy.params, level: param(type.int({ min: 0, max: 100 }), { access: 'rw', describe: 'a limit', example: '5', order: 'min', default: '4' }) } };
    const kernel = await kernelOf([strict], machine);
    const told = (serial: bigint): unknown => machine.plans.get(serial)?.[0]?.args[0]?.[1];
    await kernel.create(['name', 'lab', 'children.max', '4', 'vir', 'toy']);
    await expect(kernel.create(['name', 'lab.more', 'vir', 'toy', 'level', '9'])).rejects.toMatchObject({ code: 'EPERM', subject: 'toy.level' });
    await kernel.create(['name', 'lab.same', 'vir', 'toy']);
    await kernel.create(['name', 'free', 'vir', 'toy', 'level', '9']);
    await kernel.set('lab', ['vir', 'toy', 'level', '2']);
    await kernel.create(['name', 'lab.late', 'vir', 'toy']);
    expect([1n, 2n, 3n, 4n, 5n].map(told)).toEqual(expect.arrayContaining(['lab 2 true', 'lab.same 2 false', 'free 9 false', 'lab.late 2 false']));
  });

  it('is not asked for a sharer whose maker is gone, as nobody knows any more what that forbade', async () => {
    const kernel = await kernelOf([telling]);
    await kernel.create(['name', 'lab', 'vir', 'toy', 'level', '7']);
    await kernel.create(['name', 'other', 'persist', 'true', 'vir', 'toy', 'share', 'lab']);
    await kernel.destroy('lab');
    await expect(kernel.set('other', ['children.max', '2'])).rejects.toMatchObject({ code: 'ESTALE', subject: 'other' });
    await expect(kernel.destroy('other')).resolves.toBeDefined();
  });
});
