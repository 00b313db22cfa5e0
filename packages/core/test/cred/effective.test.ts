import { describe, expect, it } from 'vitest';
import { syncCurrent } from '../../src/cred/current.ts';
import { effective, run } from '../../src/cred/effective.ts';
import { Proc } from '../../src/cred/proc.ts';
import { Thread, boundary } from '../../src/cred/thread.ts';
import { cimg, crget, eimg } from '../../src/cred/ucred.ts';
import { World, thrown } from '../image/world.ts';

function setup() {
  const world = new World();
  const [lab, web] = [world.path('lab'), world.path('lab.web')];
  const p = new Proc(crget({ image: lab, uid: 7 }));
  const td = new Thread(p);
  const current = syncCurrent(td);
  const now = (): Thread => {
    const at = current.get();
    if (at === undefined) throw new Error('no thread');
    return at;
  };
  return { world, lab, web, p, td, current, now };
}

describe('effective and run', () => {
  it('fork a proc that acts on, or lives in, the image; the caller is as before', () => {
    const { lab, web, p, td, current, now, world } = setup();
    const inner = effective(current, web, { only: [0] }, () => {
      const { ucred } = now();
      expect([cimg(ucred), eimg(ucred), eimg(ucred, 0), eimg(ucred, 1), ucred.saved]).toEqual([lab, web, web, lab, lab]);
      expect(ucred.uid).toBe(7);
      expect(now().proc).not.toBe(p);
      return now();
    });
    expect(thrown(() => boundary(inner, () => undefined))).toBe('ESRCH');
    run(current, web, () => {
      expect([cimg(now().ucred), eimg(now().ucred), now().ucred.saved]).toEqual([web, web, web]);
      expect(thrown(() => effective(current, lab, {}, () => undefined))).toBe('ESRCH');
    });
    expect(current.get()).toBe(td);
    expect(Object.fromEntries(web.refs.held())).toEqual({ tree: 1 });
    expect(thrown(() => run(current, world.tree.img0, () => undefined))).toBe('ESRCH');
  });

  it('end the proc when the function throws or rejects', async () => {
    const { web, current, now } = setup();
    const seen: Thread[] = [];
    expect(() => effective(current, web, {}, () => { seen.push(now()); throw new Error('sync'); })).toThrowError('sync');
    await expect(run(current, web, async () => { seen.push(now()); await Promise.resolve(); throw new Error('async'); })).rejects.toThrowError('async');
    expect(seen.map((td) => td.proc.state)).toEqual(['ended', 'ended']);
    expect(Object.fromEntries(web.refs.held())).toEqual({ tree: 1 });
  });

  it('keep the proc until its promise has settled and its last handle was closed', async () => {
    const { web, current, now } = setup();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => { open = resolve; });
    let inner: Thread | undefined;
    const done = effective(current, web, {}, async () => {
      inner = now();
      inner.proc.hold();
      await gate;
      return 5;
    });
    if (inner === undefined) throw new Error('did not run');
    const td = inner;
    expect(boundary(td, () => td.eimage)).toBe(web);
    open();
    expect(await done).toBe(5);
    expect(td.proc.state).toBe('settled');
    expect(boundary(td, () => td.eimage)).toBe(web);
    td.proc.release();
    expect(td.proc.state).toBe('ended');
    expect(thrown(() => boundary(td, () => undefined))).toBe('ESRCH');
    expect(thrown(() => td.proc.hold())).toBe('ESRCH');
    expect(thrown(() => td.proc.release())).toBe('InvariantError');
    expect(thrown(() => new Thread(td.proc))).toBe('ESRCH');
    expect(Object.fromEntries(web.refs.held())).toEqual({ tree: 1 });
  });

  it('need a current thread', () => {
    const { web } = setup();
    expect(thrown(() => effective(syncCurrent(), web, {}, () => undefined))).toBe('InvariantError');
  });

  it('a thread that was left alone by a change of images nobody announced is a bug', () => {
    const { td, web } = setup();
    td.eimage = web;
    expect(thrown(() => boundary(td, () => undefined))).toBe('InvariantError');
  });
});
