import { boot, type AnyComponent, type EntryStep, type Kernel } from '@vimage/core';
import { describe, expect, it } from 'vitest';
import { MemoryMachine, MemorySubstrate, toyComponent } from '@vimage/testing';

const kernelOf = (components: readonly AnyComponent[], machine = new MemoryMachine()): Promise<Kernel> => boot({ substrate: new MemorySubstrate(machine), components });

describe('after', () => {
  it('orders those that are registered and needs none of them', async () => {
    const late = toyComponent('late', [], ['early', 'nowhere']);
    const kernel = await kernelOf([late, toyComponent('early')]);
    expect(kernel.components.map(({ name }) => name)).toEqual(['early', 'late']);
    await expect(kernel.create(['name', 'alone', 'vir', 'late'])).resolves.toBeDefined();
  });

  it('makes a circle with requires', async () => {
    await expect(kernelOf([toyComponent('a', ['b']), toyComponent('b', [], ['a'])])).rejects.toMatchObject({ code: 'ELOOP' });
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
});
