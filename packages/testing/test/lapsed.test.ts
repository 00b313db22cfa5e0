import { boot, defineComponent, type AnyComponent, type Kernel } from '@vimage/core';
import { describe, expect, it } from 'vitest';
import { MemoryMachine, MemorySubstrate, toyComponent } from '@vimage/testing';

interface World {
  readonly kernel: Kernel;
  /** Images' serials and keys for which `set` was called. */
  readonly set: string[];
  /** What has ended by itself: `toy` looks here. */
  readonly ended: Set<string>;
}

async function world(): Promise<World> {
  const set: string[] = [];
  const ended = new Set<string>();
  const toy = toyComponent('toy');
  const lapsing: AnyComponent = defineComponent<string>({
    ...toy,
    set: (instance, cx) => {
      set.push(cx.image.name);
      ended.clear();
      return toy.set?.(instance, cx);
    },
    lapsed: (saved) => (new Map(saved).get('items')?.split(',').some((item) => ended.has(item)) === true ? ['items'] : []),
  });
  return { kernel: await boot({ substrate: new MemorySubstrate(new MemoryMachine()), components: [lapsing, toyComponent('other')] }), set, ended };
}

describe('what has ended by itself', () => {
  it('is made so again by a change that changes nothing, once', async () => {
    const { kernel, set, ended } = await world();
    await kernel.create(['name', 'a', 'vir', 'toy', 'items', 'x,y']);
    expect(await kernel.set('a', ['vir', 'toy', 'items', 'x,y'])).toMatchObject({ changed: [] });
    expect(set).toEqual([]);
    ended.add('y');
    expect(await kernel.set('a', ['vir', 'toy', 'items', 'x,y'])).toMatchObject({ changed: ['toy.items'] });
    expect(await kernel.set('a', ['vir', 'toy', 'items', 'x,y'])).toMatchObject({ changed: [] });
    expect(set).toEqual(['a']);
    await kernel.close();
  });

  it('is made so again by a change of something else, and by up', async () => {
    const { kernel, set, ended } = await world();
    await kernel.create(['name', 'a', 'persist', 'true', 'vir', 'toy', 'items', 'x', 'vir', 'other']);
    ended.add('x');
    expect(await kernel.set('a', ['vir', 'other', 'level', '3'])).toMatchObject({ changed: ['other.level', 'toy.items'] });
    ended.add('x');
    expect(await kernel.up([{ name: 'a', pairs: [['vir', 'toy'], ['items', 'x'], ['vir', 'other'], ['level', '3']], children: [] }])).toMatchObject([{ name: 'a', action: 'changed', detail: ['toy.items'] }]);
    expect(set).toEqual(['a', 'a']);
    await kernel.close();
  });

  it('is its maker’s to make again, not a sharer’s', async () => {
    const { kernel, set, ended } = await world();
    await kernel.create(['name', 'a', 'vir', 'toy', 'items', 'x']);
    await kernel.create(['name', 'b', 'vir', 'toy', 'share', 'a']);
    ended.add('x');
    expect(await kernel.set('b', ['children.max', '2'])).toMatchObject({ changed: ['children.max'] });
    expect(set).toEqual([]);
    await kernel.close();
  });
});
