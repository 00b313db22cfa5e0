import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, type Lab } from './lab.ts';

describe.skipIf(needRoot.missing)(`vir proc share${needRoot.note}`, () => {
  let at: Lab;
  beforeEach(async () => {
    at = await lab();
    await at.create('a', 'vir', 'proc');
    await at.create('b', 'vir', 'proc', 'share', 'a');
    await at.create('c', 'vir', 'proc', 'share', 'b');
  });
  afterEach(() => at.close());

  const commands = async (name: string): Promise<readonly string[]> => (await at.kernel.processes(name)).map(({ command }) => command);
  const pins = async (): Promise<readonly string[]> => (await at.substrate.pinner()).list();

  test('one table: they see each other, and each has its own processes', async () => {
    for (const name of ['a', 'b', 'c']) await at.start(name, `echo up; exec sleep 760.${name}`.replace(/[abc]$/, (letter) => String(letter.charCodeAt(0))));
    expect(at.run('c', 'ps', '-eo', 'args=').out.match(/sleep 760\.\d+/g)?.sort()).toEqual(['sleep 760.97', 'sleep 760.98', 'sleep 760.99']);
    expect(await Promise.all(['a', 'b', 'c'].map(commands))).toEqual([['sleep 760.97'], ['sleep 760.98'], ['sleep 760.99']]);
    expect((await at.kernel.info('c')).slots).toContainEqual({ component: 'proc', kind: 'share', owner: 'a' });
  });

  test.each([false, true])('the maker goes first: the others go on, the last one takes all with it (%s: by another kernel)', async (other) => {
    const by = other ? await lab() : at;
    await at.start('a', 'echo up; exec sleep 761');
    const b = await at.start('b', 'echo up; read word; echo $word; read word');
    const report = await by.kernel.destroy('a', { grace: 0 });
    expect(report).toMatchObject({ removed: ['a'], ended: 1, dying: ['a'] });
    b.tell('alive');
    expect(await b.says()).toBe('alive');
    expect(at.run('b', 'ps', '-eo', 'comm=').out.split('\n')[0]).toBe('imgexec');
    expect(at.view('c', 'cat', '/proc/1/comm').out).toBe('imgexec\n');
    expect((await pins()).map((pin) => pin.split('/')[1]).filter((name) => name !== 'mnt').sort()).toEqual(['pid', 'view']);
    expect(await by.kernel.gc()).toEqual([]);
    await at.create('a', 'vir', 'proc');
    expect((await refusal(at.create('d', 'vir', 'proc', 'share', 'nobody'))).code).toBe('ESRCH');
    await by.kernel.destroy('a');
    await by.kernel.destroy('c');
    expect((await at.kernel.list({ dying: true })).map(({ name, state }) => `${name} ${state}`)).toEqual(['b live', 'a dying']);
    expect(await by.kernel.destroy('b', { grace: 0 })).toMatchObject({ removed: ['b'], ended: 1, dying: [] });
    expect(await at.kernel.list({ dying: true })).toEqual([]);
    expect(await pins()).toEqual([]);
    if (other) await by.close();
  });

  test('is set by the maker only, while it lives', async () => {
    expect(await refusal(at.kernel.set('b', ['vir', 'proc', 'max', '9']))).toMatchObject({ code: 'EINVAL', message: expect.stringContaining('"a"'), hint: 'set it on the image that made it' });
  });
});
