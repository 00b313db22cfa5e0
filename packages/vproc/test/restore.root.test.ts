import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodePairs, encodePairs, type Pairs } from '@vimage/core';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, memberPid, numbers, pidNamespace, type Lab } from './lab.ts';

const script = fileURLToPath(new URL('./child/act.mjs', import.meta.url));

describe.skipIf(needRoot.missing)(`a process table that another kernel made${needRoot.note}`, () => {
  let maker: Lab;
  let at: Lab;
  beforeEach(async () => {
    maker = await lab();
    at = await lab();
  });
  afterEach(async () => {
    await at.close();
    await maker.close();
  });

  const elsewhere = (...args: readonly string[]): unknown => JSON.parse(execFileSync(process.execPath, [script, '-1', ...args], { encoding: 'utf8' }));
  const pins = async (): Promise<readonly string[]> => (await at.substrate.pinner()).list();

  test('is the same one: processes, entry, images inside, limit, end', async () => {
    const image = await maker.create('web', 'children.max', '3', 'persist', 'true', 'vir', 'proc', 'max', '40');
    await maker.start('web', 'echo up; exec sleep 720');
    const found = await at.kernel.lookup('web');
    expect(await found.slot('proc')).toEqual(await image.slot('proc'));
    const pid = await memberPid(at.kernel, 'web', 'sleep 720');
    expect(numbers(pid)).toHaveLength(3);
    expect(at.run('web', 'readlink', '/proc/self/ns/pid').out.trim()).toBe(pidNamespace(pid));
    await at.create('web.inner', 'vir', 'proc');
    expect(at.run('web', 'ps', '-eo', 'args=').out.match(/imgexec/g)).toHaveLength(3);
    await at.kernel.set('web', ['vir', 'proc', 'max', '30']);
    await at.kernel.destroy('web', { grace: 0 });
    expect(await maker.kernel.list()).toEqual([]);
    expect(await pins()).toEqual([]);
  });

  test('also from another process, whose end ends nothing of it', async () => {
    await maker.create('lab', 'children.max', '3', 'persist', 'true', 'vir', 'proc');
    expect(elsewhere('create', 'lab.one', 'max', '9')).toMatchObject({ done: expect.any(Number) });
    expect((await at.kernel.list()).map(({ name }) => name)).toEqual(['lab']);
    expect(at.run('lab', 'ps', '-eo', 'comm=').out).toBe('imgexec\nps\n');
    expect(elsewhere('destroy', 'lab')).toMatchObject({ done: expect.any(Number) });
    expect(await at.kernel.list()).toEqual([]);
  });

  describe('whose saved pairs are damaged', () => {
    const damage: readonly (readonly [string, (saved: Pairs) => Pairs])[] = [
      ['none at all', () => []],
      ['without the view', (saved) => saved.filter(([key]) => key !== 'view')],
      ['without the image’s', (saved) => saved.filter(([key]) => key !== 'own')],
      ['without pid 1', (saved) => saved.filter(([key]) => key !== 'first')],
      ['no numbers', (saved) => saved.map(([key]) => [key, 'x y'] as const)],
      ['negative numbers', (saved) => saved.map(([key]) => [key, '-1 -1'] as const)],
      ['one number', (saved) => saved.map(([key, value]) => [key, value.split(' ')[0] ?? ''] as const)],
    ];

    test.each(damage)('%s: said, with what to do, and what is said to do works', async (_, change) => {
      await maker.create('web', 'children.max', '3', 'persist', 'true', 'vir', 'net', 'vir', 'proc');
      await maker.start('web', 'echo up; exec sleep 721');
      const plan = `${at.substrate.home(await at.kernel.lookup('web'))}/plan`;
      const pairs = decodePairs(readFileSync(plan)).map(([key, value]) => (key === 'x-saved.proc' ? [key, JSON.stringify(change(JSON.parse(value) as Pairs))] as const : [key, value] as const));
      writeFileSync(plan, encodePairs(pairs));
      const other = await lab();
      try {
        const clear = { code: 'EBADMSG', subject: 'web', hint: 'imgctl destroy web, then create it again' };
        // It has said that it is up before it becomes that.
        await expect.poll(async () => (await other.kernel.processes('web')).map(({ command }) => command)).toEqual(['sleep 721']);
        expect(await other.kernel.get('web')).toContainEqual(['vir', 'proc']);
        expect(await refusal(other.create('web.inner', 'vir', 'proc'))).toMatchObject(clear);
        expect(await refusal(other.create('peer', 'vir', 'proc', 'share', 'web'))).toMatchObject(clear);
        expect(await refusal(other.kernel.set('web', ['vir', 'proc', 'max', '7']))).toMatchObject(clear);
        const report = await other.kernel.destroy('web', { grace: 0 });
        expect(report).toMatchObject({ removed: ['web'], dying: [], notes: [expect.stringContaining('damaged')] });
        expect(await other.kernel.list({ dying: true })).toEqual([]);
        expect(await pins()).toEqual([]);
      } finally {
        await other.close();
      }
    });
  });
});
