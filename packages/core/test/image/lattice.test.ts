import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Restriction, ask, askedOf, clearAsked, holding, setAsked } from '../../src/image/lattice.ts';
import { World, thrown } from './world.ts';

const items = ['a', 'b', 'c', 'd'];
const restriction: Record<Restriction['order'], fc.Arbitrary<Restriction>> = {
  and: fc.boolean().map((value) => ({ order: 'and', value })),
  min: fc.nat(5).map((value) => ({ order: 'min', value })),
  subset: fc.subarray(items).map((value) => ({ order: 'subset', value })),
};

/** The points that a restriction permits, so that the lattice becomes a plain intersection of sets. */
function permits(r: Restriction | undefined): readonly string[] {
  if (r === undefined) return [...items, '0', '1', '2', '3', '4', '5', 'yes'];
  if (r.order === 'and') return r.value ? ['yes'] : [];
  if (r.order === 'min') return ['0', '1', '2', '3', '4', '5'].slice(0, r.value + 1);
  return r.value;
}

const at = (order: Restriction['order'], r: Restriction) => ({ component: 'net', key: order, restriction: r });
const chain = (['and', 'min', 'subset'] as const).map((order) =>
  fc.record({ order: fc.constant(order), asked: fc.array(fc.option(restriction[order], { nil: undefined }), { minLength: 1, maxLength: 6 }), change: fc.nat(5), to: fc.option(restriction[order], { nil: undefined }) }),
);

describe('restrictions', () => {
  it('hold as the intersection up to img0, whatever is tightened or relaxed in between', () => {
    fc.assert(
      fc.property(fc.oneof(...chain), ({ order, asked, change, to }) => {
        const world = new World();
        const images = asked.map((_, depth) => world.path(asked.slice(0, depth + 1).map((__, i) => `n${i}`).join('.')));
        const model = [...asked];
        const verify = (): void => {
          images.forEach((image, depth) => {
            const expected = model.slice(0, depth + 1).map(permits).reduce((a, b) => a.filter((x) => b.includes(x)), permits(undefined));
            const held = holding(image, 'net', order);
            expect(new Set(permits(held))).toEqual(new Set(expected));
            expect(askedOf(image, 'net', order)).toEqual(model[depth]);
          });
        };
        images.forEach((image, depth) => { const r = asked[depth]; if (r !== undefined) setAsked(image, at(order, r)); });
        verify();
        const which = change % images.length;
        const image = images[which];
        if (image === undefined) throw new Error('no image');
        const old = model[which];
        if (to === undefined) clearAsked(image, 'net', order);
        else setAsked(image, at(order, to));
        model[which] = to;
        verify();
        if (old === undefined) clearAsked(image, 'net', order);
        else setAsked(image, at(order, old));
        model[which] = old;
        verify();
      }),
    );
  });

  it('refuse to be asked for more than an ancestor permits, exactly then', () => {
    fc.assert(
      fc.property(fc.oneof(...chain), ({ order, asked, to }) => {
        if (to === undefined) return;
        const world = new World();
        let parent = world.tree.img0;
        asked.forEach((r, depth) => { parent = world.add(parent, `n${depth}`); if (r !== undefined) setAsked(parent, at(order, r)); });
        const permitted = permits(to).every((point) => asked.every((r) => permits(r).includes(point)));
        expect(thrown(() => world.add(parent, 'x', { asked: [at(order, to)] }))).toBe(permitted ? 'nothing thrown' : 'EPERM');
        expect(parent.children.has('x')).toBe(permitted);
      }),
    );
  });

  it('name the nearest image that forbids and the parameter, and no image that the caller may not see', () => {
    const world = new World();
    const a = world.path('a');
    const b = world.path('a.b');
    const c = world.path('a.b.c');
    const jail = (value: string[]) => ({ component: 'fs', key: 'allow.mount', restriction: { order: 'subset', value } as const });
    setAsked(a, jail(['tmpfs', 'proc']));
    setAsked(b, jail(['tmpfs', 'proc', 'nfs']));
    expect(() => ask(c, jail(['nfs']))).toThrowError('fs.allow.mount "nfs" permits more than image "a" does: it has "tmpfs,proc"');
    expect(() => ask(c, jail(['zfs']), (image) => image === b)).toThrowError('image "a.b" does');
    const hidden = (): void => ask(c, jail(['nfs']), (image) => image === b);
    expect(hidden).toThrowError('an image around yours');
    expect(hidden).not.toThrowError('"a"');
  });

  it('let what was asked before be asked again under a tightened parent; empty is empty', () => {
    const world = new World();
    const a = world.path('a');
    const b = world.path('a.b');
    const list = (value: string[]) => ({ component: 'fs', key: 'allow.mount', restriction: { order: 'subset', value } as const });
    ask(b, list(['tmpfs', 'proc']));
    ask(a, list([]));
    expect(holding(b, 'fs', 'allow.mount')).toEqual({ order: 'subset', value: [] });
    ask(b, list(['proc', 'tmpfs']));
    expect(thrown(() => ask(b, list(['tmpfs'])))).toBe('EPERM');
    clearAsked(a, 'fs', 'allow.mount');
    expect(holding(b, 'fs', 'allow.mount')).toEqual({ order: 'subset', value: ['proc', 'tmpfs'] });
  });

  it('of two orders never meet', () => {
    const world = new World();
    setAsked(world.path('a'), at('min', { order: 'min', value: 3 }));
    expect(thrown(() => ask(world.path('a.b'), at('min', { order: 'and', value: true })))).toBe('InvariantError');
  });
});
