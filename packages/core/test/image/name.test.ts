import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../src/errors.ts';
import { splitName } from '../../src/image/name.ts';
import { World, thrown } from './world.ts';

describe('names', () => {
  it.each([
    ['a'.repeat(63), 'nothing thrown'],
    ['a'.repeat(64), 'ENAMETOOLONG'],
    ['a.'.repeat(128), 'ENAMETOOLONG'],
    [`${'ab.'.repeat(85)}`.slice(0, -1), 'nothing thrown'],
    ['_x-1', 'nothing thrown'],
    ['-x', 'EINVAL'],
    ['', 'EINVAL'],
    ['a..b', 'EINVAL'],
    ['..', 'EINVAL'],
    ['a/b', 'EINVAL'],
    ['a\0', 'EINVAL'],
    ['a\n', 'EINVAL'],
    ['ä', 'EINVAL'],
    ['img0', 'EINVAL'],
  ])('%j: %s', (name, code) => {
    expect(thrown(() => splitName(name))).toBe(code);
  });

  it('has a coded answer for any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        try {
          expect(splitName(text).join('.')).toBe(text === '.' ? '' : text);
        } catch (error) {
          expect(['EINVAL', 'ENAMETOOLONG']).toContain(codeOf(error));
        }
      }),
    );
  });

  it('are relative: web inside lab is lab.web outside, and what is outside of lab is not there', () => {
    const world = new World();
    const web = world.path('lab.web');
    const lab = world.path('lab');
    const other = world.path('other');
    const { tree } = world;
    expect(tree.lookup(tree.img0, 'lab.web')).toBe(web);
    expect(tree.lookup(lab, 'web')).toBe(web);
    expect(tree.lookup(lab, '.')).toBe(lab);
    expect(tree.nameFrom(lab, web)).toBe('web');
    expect(tree.nameFrom(tree.img0, web)).toBe('lab.web');
    expect(tree.nameFrom(web, web)).toBe('.');
    for (const name of ['other', 'lab', 'nowhere', 'lab.web']) expect(thrown(() => tree.lookup(lab, name))).toBe('ESRCH');
    expect(thrown(() => tree.nameFrom(lab, other))).toBe('ESRCH');
    expect(thrown(() => tree.nameFrom(web, lab))).toBe('ESRCH');
  });

  it('count as a whole: 255 bytes at most', () => {
    const world = new World();
    const long = ['a', 'b', 'c'].map((letter) => letter.repeat(63)).join('.');
    const at = world.path(`${long}.${'d'.repeat(60)}`);
    expect(at.name).toHaveLength(252);
    expect(thrown(() => world.add(at, 'xyz'))).toBe('ENAMETOOLONG');
    expect(world.add(at, 'xy').name).toHaveLength(255);
  });
});
