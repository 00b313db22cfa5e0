import { describe, expect, it } from 'vitest';
import { isInside } from '../../src/image/address.ts';
import { World, thrown } from './world.ts';

describe('addresses of the tree', () => {
  it('are reused once nothing refers to the image; serials are not', () => {
    const world = new World();
    const { tree } = world;
    const a = world.add(tree.img0, 'a');
    const old = a.address;
    expect(old).toEqual({ hi: 0x10000, lo: 0, prefix: 16 });
    a.refs.hold('handle');
    expect(tree.remove(a)).toBe(false);
    const b = world.add(tree.img0, 'a');
    expect(b.address).not.toEqual(old);
    a.refs.free('handle');
    const c = world.add(tree.img0, 'c');
    expect(c.address).toEqual(old);
    expect(tree.at(tree.img0, old, c.serial)).toBe(c);
    expect(thrown(() => tree.at(tree.img0, old, a.serial))).toBe('ESRCH');
    expect(thrown(() => tree.at(b, old, c.serial))).toBe('ESRCH');
    expect(thrown(() => tree.add({ parent: tree.img0, name: 'd', serial: c.serial }))).toBe('EEXIST');
  });

  it('of the dying go to new children when there are no others, and then nothing is inside them', () => {
    const world = new World();
    const lab = world.path('lab');
    const dying = ['a', 'b', 'c'].map((name) => world.add(lab, name));
    const [first] = dying;
    if (first === undefined) throw new Error('no child');
    const below = world.add(first, 'below');
    for (const image of [below, ...dying]) {
      image.refs.hold('handle');
      world.tree.remove(image);
    }
    const heir = world.add(lab, 'a');
    expect(dying.filter((image) => isInside(heir, image))).toEqual([]);
    expect([below, ...dying].filter((image) => isInside(image, heir))).toEqual([]);
    expect(isInside(below, first)).toBe(false);
    expect(isInside(world.tree.img0, first)).toBe(false);
    for (const image of [below, ...dying]) image.refs.free('handle');
    expect(world.tree.dying.size).toBe(0);
    expect(thrown(() => [world.add(lab, 'x'), world.add(lab, 'y'), world.add(lab, 'z')])).toBe('EPERM');
    expect([...lab.children.keys()]).toEqual(['a', 'x', 'y']);
  });

  it('run out where the tree is deep: ENOSPC says what to do', () => {
    const world = new World();
    let at = world.path('n');
    for (let depth = 0; depth < 24; depth += 1) at = world.add(at, 'n', { childrenMax: depth === 23 ? 0 : 3 });
    expect(at.prefix).toBe(64);
    expect(at.depth).toBe(25);
    expect(isInside(at, world.path('n.n'))).toBe(true);
    expect(thrown(() => world.tree.setChildrenMax(at, 1))).toBe('ENOSPC');
    expect(() => world.tree.setChildrenMax(at, 1)).toThrowError('needs 1 address bits and 0 of 64 are left');
    expect(thrown(() => world.add(at, 'n', { childrenMax: 0 }))).toBe('EPERM');
  });
});

describe('children.max', () => {
  it('is what it says, and fixed while there are children', () => {
    const world = new World();
    const { tree } = world;
    const lab = world.add(tree.img0, 'lab', { childrenMax: 0 });
    expect(() => world.add(lab, 'web')).toThrowError('children.max 0');
    expect(thrown(() => world.add(lab, 'web'))).toBe('EPERM');
    tree.setChildrenMax(lab, 2);
    const web = world.add(lab, 'web');
    world.add(lab, 'db');
    expect(thrown(() => world.add(lab, 'third'))).toBe('EPERM');
    expect(thrown(() => tree.setChildrenMax(lab, 5))).toBe('EBUSY');
    expect(thrown(() => tree.setChildrenMax(lab, 2))).toBe('nothing thrown');
    tree.remove(tree.lookup(lab, 'db'));
    web.refs.hold('handle');
    tree.remove(web);
    tree.setChildrenMax(lab, 5);
    expect(world.add(lab, 'new').prefix).toBe(lab.prefix + 3);
    expect(isInside(web, lab)).toBe(false);
    web.refs.free('handle');
    for (const wrong of [-1, 1.5, 65536, Number.NaN]) expect(thrown(() => tree.setChildrenMax(lab, wrong))).toBe('EINVAL');
    expect(thrown(() => tree.setChildrenMax(tree.img0, 7))).toBe('EBUSY');
  });

  it('of img0 never changes', () => {
    const world = new World();
    expect(thrown(() => world.tree.setChildrenMax(world.tree.img0, 7))).toBe('EPERM');
  });
});

describe('adopting', () => {
  it('makes the same tree again from addresses, in any order of siblings', () => {
    const one = new World();
    for (const name of ['a', 'b', 'b.x', 'b.y', 'c']) one.path(name);
    const two = new World();
    const copies = one.tree.subtreeBottomUp(one.tree.img0).slice(0, -1).reverse();
    for (const image of copies) {
      const parent = image.parent === one.tree.img0 || image.parent === undefined ? two.tree.img0 : two.tree.lookup(two.tree.img0, image.parent.name);
      two.tree.adopt({ parent, name: image.segment, serial: image.serial, address: image.address, childrenMax: image.subnets.max });
    }
    for (const image of copies) expect(two.tree.lookup(two.tree.img0, image.name).address).toEqual(image.address);
    expect(two.tree.add({ parent: two.tree.img0, name: 'd', serial: 99n }).address).toEqual(one.add(one.tree.img0, 'd').address);
  });

  it('refuses an address that is not the parent\'s to give, or is taken', () => {
    const world = new World();
    const lab = world.path('lab');
    const web = world.path('lab.web');
    const adopt = (more: object) => thrown(() => world.tree.adopt({ parent: lab, name: 'x', serial: world.serial(), address: { hi: 0x18000, lo: 0, prefix: 18 }, ...more }));
    expect(adopt({ address: web.address })).toBe('EEXIST');
    expect(adopt({ name: 'web' })).toBe('EEXIST');
    expect(adopt({ serial: web.serial })).toBe('EEXIST');
    for (const address of [{ hi: 0x10000, lo: 0, prefix: 18 }, { hi: 0x28000, lo: 0, prefix: 18 }, { hi: 0x18000, lo: 0, prefix: 19 }, { hi: 0x18000, lo: 1, prefix: 18 }, { hi: -1, lo: 0, prefix: 18 }]) {
      expect(adopt({ address })).toBe('EBADMSG');
    }
    expect(adopt({ parent: web, address: web.address })).toBe('EBADMSG');
    expect(adopt({})).toBe('nothing thrown');
  });

  it('takes the address of a dying image, and keeps a dying one until it is reaped', () => {
    const world = new World();
    const { tree } = world;
    const a = world.path('a');
    const { address } = a;
    a.refs.hold('handle');
    tree.remove(a);
    const heir = tree.adopt({ parent: tree.img0, name: 'a', serial: 50n, address });
    expect(isInside(a, heir)).toBe(false);
    const ghost = tree.adopt({ parent: tree.img0, name: 'a', serial: 51n, address, state: 'dying' });
    expect(tree.lookup(tree.img0, 'a')).toBe(heir);
    expect(isInside(ghost, heir)).toBe(false);
    expect([...tree.dying]).toEqual([a, ghost]);
    expect(tree.reap(ghost)).toBe(true);
    expect(tree.remove(heir, true)).toBe(false);
    expect(tree.reap(heir)).toBe(true);
    a.refs.free('handle');
    expect(tree.dying.size).toBe(0);
  });
});

describe('removing', () => {
  it('goes from the children up', () => {
    const world = new World();
    const { tree } = world;
    for (const name of ['a.b.c', 'a.b.d', 'a.e']) world.path(name);
    expect(thrown(() => tree.remove(world.path('a')))).toBe('ENOTEMPTY');
    const order = tree.subtreeBottomUp(world.path('a'));
    expect(order.map((image) => image.name)).toEqual(['a.b.c', 'a.b.d', 'a.b', 'a.e', 'a']);
    for (const image of order) expect(tree.remove(image)).toBe(true);
    expect(tree.img0.refs.count).toBe(1);
  });

  it('lets nothing new below an image that is being removed', () => {
    const world = new World();
    const a = world.path('a');
    world.tree.doom(a);
    expect(world.tree.lookup(world.tree.img0, 'a')).toBe(a);
    expect(thrown(() => world.add(a, 'b'))).toBe('ESRCH');
  });
});
