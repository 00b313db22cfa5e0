import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, memberPid, numbers, type Lab } from './lab.ts';

describe.skipIf(needRoot.missing)(`images in images, each with a process table${needRoot.note}`, () => {
  let at: Lab;
  beforeEach(async () => {
    at = await lab();
    await at.create('a', 'children.max', '3', 'vir', 'proc');
    await at.create('a.b', 'children.max', '3', 'vir', 'proc');
    await at.create('a.b.c', 'vir', 'proc');
    await at.create('a.b.d');
  });
  afterEach(() => at.close());

  const seen = (name: string): readonly string[] => at.run(name, 'ps', '-eo', 'args=').out.trim().split('\n').filter((row) => row.startsWith('sleep')).sort();

  test('what is inside is seen from around it, never the other way', async () => {
    for (const name of ['a', 'a.b', 'a.b.c', 'a.b.d']) await at.start(name, `echo up; exec sleep 750.${name.length}`);
    expect(seen('a')).toEqual(['sleep 750.1', 'sleep 750.3', 'sleep 750.5', 'sleep 750.5']);
    expect(seen('a.b')).toEqual(['sleep 750.3', 'sleep 750.5', 'sleep 750.5']);
    expect(seen('a.b.c')).toEqual(['sleep 750.5']);
    expect(seen('a.b.d'), 'it has none of its own: it lives in that of a.b').toEqual(['sleep 750.3', 'sleep 750.5', 'sleep 750.5']);
    expect(at.view('a.b', 'ps', '-eo', 'args=').out).not.toContain('sleep 750.1');
    const depths = await Promise.all(['a', 'a.b', 'a.b.c', 'a.b.d'].map(async (name) => numbers(await memberPid(at.kernel, name, 'sleep')).length));
    expect(depths).toEqual([3, 5, 7, 5]);
  });

  test('the end of the outer one ends what is inside', async () => {
    const inner = await at.start('a.b.c', 'echo up; exec sleep 751');
    const ended = new Promise((resolve) => inner.child.once('exit', (code) => { resolve(code); }));
    expect(await at.kernel.destroy('a', { grace: 0 })).toMatchObject({ removed: expect.arrayContaining(['a.b.c', 'a.b.d', 'a.b', 'a']), ended: 1, dying: [] });
    expect(await ended).toBe(137);
    expect((await at.substrate.pinner()).list()).toEqual([]);
  });

  test('the end of the inner one leaves the outer one', async () => {
    const outer = await at.start('a.b', 'echo up; read word; echo $word');
    await at.start('a.b.c', 'echo up; exec sleep 752');
    expect(await at.kernel.destroy('a.b.c', { grace: 0 })).toMatchObject({ removed: ['a.b.c'], ended: 1, dying: [] });
    outer.tell('alive');
    expect(await outer.says()).toBe('alive');
    expect(at.run('a.b', 'ps', '-eo', 'comm=').out.match(/imgexec/g)).toHaveLength(1);
  });
});
