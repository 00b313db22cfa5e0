import { describe, expect, it } from 'vitest';
import { Proc, fork } from '../../src/cred/proc.ts';
import { seteimage, setimage } from '../../src/cred/seteimage.ts';
import { Thread, boundary } from '../../src/cred/thread.ts';
import { cimg, crget, eimg } from '../../src/cred/ucred.ts';
import { World, thrown } from '../image/world.ts';

const names = ['lab', 'lab.web', 'lab.web.in', 'lab.db', 'other'] as const;

function world(): { world: World; at: (name: string) => ReturnType<World['path']> } {
  const made = new World();
  for (const name of names) made.path(name);
  return { world: made, at: (name) => made.tree.lookup(made.tree.img0, name) };
}

describe('seteimage and setimage', () => {
  // A proc of cimg lab.web and saved image lab.db (which is outside of its cimg).
  it.each([
    ['lab.web', 'ok', 'ok'],
    ['lab.web.in', 'ok', 'ok'],
    ['lab.db', 'ok', 'EPERM'],
    ['lab', 'ESRCH', 'ESRCH'],
    ['other', 'ESRCH', 'ESRCH'],
    ['img0', 'ESRCH', 'ESRCH'],
  ])('from lab.web, saved lab.db, to %s: %s, %s', (to, effective, move) => {
    const { at } = world();
    const make = () => new Proc(crget({ image: at('lab.web'), saved: at('lab.db') }));
    const e = make();
    expect(thrown(() => seteimage(e, at(to))).replace('nothing thrown', 'ok')).toBe(effective);
    expect(cimg(e.ucred)).toBe(at('lab.web'));
    expect(e.ucred.saved).toBe(at('lab.db'));
    expect(eimg(e.ucred)).toBe(at(effective === 'ok' ? to : 'lab.web'));
    const m = make();
    expect(thrown(() => setimage(m, at(to))).replace('nothing thrown', 'ok')).toBe(move);
    for (const image of [cimg(m.ucred), eimg(m.ucred)]) expect(image).toBe(at(move === 'ok' ? to : 'lab.web'));
    expect(m.ucred.saved).toBe(at(move === 'ok' ? to : 'lab.db'));
  });

  it('refuse a saved image that is going, and one that is not live', () => {
    const { world: made, at } = world();
    const p = new Proc(crget({ image: at('lab.web'), saved: at('lab.db') }));
    const db = at('lab.db');
    made.tree.doom(db);
    expect(thrown(() => seteimage(p, db))).toBe('ESRCH');
    made.tree.remove(db);
    expect(thrown(() => seteimage(p, db))).toBe('ESRCH');
    expect(thrown(() => crget({ image: db }))).toBe('ESRCH');
  });

  it('cover only the components asked for; none is none', () => {
    const { at } = world();
    const p = new Proc(crget({ image: at('lab') }));
    seteimage(p, at('lab.web'), { only: [0, 2] });
    expect([0, 1, 2].map((component) => eimg(p.ucred, component).name)).toEqual(['lab.web', 'lab', 'lab.web']);
    seteimage(p, at('lab.db'), { only: [] });
    expect([0, 1, 2].map((component) => eimg(p.ucred, component).name)).toEqual(['lab', 'lab', 'lab']);
    seteimage(p, at('lab.db'));
    expect([0, 1, 2].map((component) => eimg(p.ucred, component).name)).toEqual(['lab.db', 'lab.db', 'lab.db']);
    expect(thrown(() => seteimage(p, at('lab.db'), { only: [30] }))).toBe('EINVAL');
    expect(thrown(() => seteimage(p, at('lab.db'), { only: [-1] }))).toBe('EINVAL');
  });

  it('let a dead effective image go, but do not fall back to cimg until asked', () => {
    const { world: made, at } = world();
    const p = new Proc(crget({ image: at('lab') }));
    const td = new Thread(p);
    const sibling = new Thread(p);
    const web = at('lab.web.in');
    seteimage(p, web);
    const child = fork(p);
    expect(boundary(td, () => td.eimage)).toBe(web);
    made.tree.remove(web);
    expect(made.tree.dying.has(web)).toBe(true);
    for (const one of [td, sibling, td, new Thread(child)]) {
      expect(() => boundary(one, () => undefined)).toThrowError('image "lab.web.in" has been removed');
    }
    expect(made.tree.dying.has(web)).toBe(false);
    const late = new Thread(fork(p));
    expect(thrown(() => boundary(late, () => undefined))).toBe('ESRCH');
    seteimage(p, at('lab'));
    expect(boundary(sibling, (one) => one.eimage)).toBe(at('lab'));
    expect(thrown(() => boundary(late, () => undefined))).toBe('ESRCH');
  });

  it('are noticed by sibling threads at their next boundary, not before', () => {
    const { at } = world();
    const p = new Proc(crget({ image: at('lab') }));
    const [one, two] = [new Thread(p), new Thread(p)];
    boundary(one, () => {
      seteimage(p, at('lab.web'));
      expect(one.eimage).toBe(at('lab'));
    });
    expect(two.eimage).toBe(at('lab'));
    expect(two.ucred.refs.gone).toBe(false);
    expect(boundary(two, (td) => td.eimage)).toBe(at('lab.web'));
    expect(boundary(one, (td) => td.eimage)).toBe(at('lab.web'));
  });
});
