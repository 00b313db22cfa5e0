import { describe, expect, it } from 'vitest';
import { World, thrown } from './world.ts';

describe('slots', () => {
  it('own, inherit or share, and the field says what stands there', () => {
    const world = new World();
    const { tree } = world;
    const net = tree.component('net');
    const own = world.instance(net, 'own');
    const lab = world.add(tree.img0, 'lab', { slots: new Map([[net, { kind: 'own', instance: own }]]) });
    const web = world.add(lab, 'web');
    const peer = world.add(tree.img0, 'peer', { slots: new Map([[net, { kind: 'share', from: web }]]) });
    expect([lab, web, peer].map((image) => image.slots[net]?.kind)).toEqual(['own', 'inherit', 'share']);
    for (const image of [lab, web, peer]) {
      expect(image['v_net']).toBe(own.instance);
      expect(image.slots[net]?.owner).toBe(lab);
      expect(image.slots[net]?.instance).toBe(own.instance);
      expect(image['v_proc']).toBe(tree.img0['v_proc']);
    }
    expect(own.refs.count).toBe(3);
    const renewed = {};
    own.renew(renewed);
    for (const image of [lab, web, peer]) expect(image['v_net']).toBe(renewed);
    expect(tree.img0['v_net']).toEqual({ name: 'net' });
    expect(thrown(() => tree.component('nte'))).toBe('ENOENT');
  });

  it('are set by their maker, then by the oldest living sharer, and end with the last image', () => {
    const world = new World();
    const { tree } = world;
    const own = world.instance(0, 'own');
    const maker = world.add(tree.img0, 'maker', { slots: new Map([[0, { kind: 'own', instance: own }]]) });
    const share = new Map([[0, { kind: 'share', from: maker } as const]]);
    const [early, late] = [world.serial(), world.serial()];
    const young = world.add(tree.img0, 'young', { serial: late, slots: share });
    const old = world.add(tree.img0, 'old', { serial: early, slots: share });
    expect(own.setter()).toBe(maker);
    expect(own.sharers()).toEqual([old, young]);
    tree.remove(maker);
    expect(own.setter()).toBe(old);
    tree.remove(old);
    expect(own.setter()).toBe(young);
    expect(world.gone).toEqual([]);
    tree.remove(young);
    expect(own.setter()).toBe(undefined);
    expect(world.gone).toEqual(['own']);
  });

  it('may be shared after the maker was gone before we came', () => {
    const world = new World();
    const orphan = world.instance(0, 'orphan');
    const a = world.add(world.tree.img0, 'a', { slots: new Map([[0, { kind: 'share', instance: orphan }]]) });
    expect(a.slots[0]?.owner).toBe(a);
    expect(orphan.setter()).toBe(a);
  });

  it('are not shared with an image that is going, and a failure takes no reference', () => {
    const world = new World();
    const { tree } = world;
    const a = world.path('a');
    tree.doom(a);
    const own = world.instance(0, 'own');
    const before = tree.img0.slots[1]?.ref.refs.count;
    expect(thrown(() => world.add(tree.img0, 'b', { slots: new Map([[0, { kind: 'own', instance: own }], [2, { kind: 'share', from: a }]]) }))).toBe('ESRCH');
    expect(own.refs.count).toBe(0);
    expect(own.maker).toBe(undefined);
    expect(tree.img0.slots[1]?.ref.refs.count).toBe(before);
    expect(tree.img0.children.has('b')).toBe(false);
  });
});
