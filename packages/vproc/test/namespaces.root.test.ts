import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, memberPid, numbers, pidNamespace, type Lab } from './lab.ts';

const here = (): readonly number[] => readdirSync('/proc').map(Number).filter((pid) => Number.isInteger(pid));

/** Processes of this machine that stand in that pid namespace. */
function standing(namespace: string): readonly number[] {
  return here().filter((pid) => {
    try {
      return pidNamespace(pid) === namespace;
    } catch {
      return false;
    }
  });
}

describe.skipIf(needRoot.missing)(`two nested pid namespaces${needRoot.note}`, () => {
  let at: Lab;
  beforeAll(async () => {
    at = await lab();
    await at.create('web', 'vir', 'proc');
  });
  afterAll(() => at.close());

  test('pid 1 of both is imgexec, the image’s inside the view’s', async () => {
    const made = await (await at.kernel.lookup('web')).slot('proc');
    const view = made.first?.pid ?? 0;
    expect(pidNamespace(view)).toBe(`pid:[${made.view?.ino}]`);
    const [image = 0, ...more] = standing(`pid:[${made.own?.ino}]`);
    expect(more).toEqual([]);
    expect(numbers(view)).toEqual([view, 1]);
    expect(numbers(image)).toEqual([image, 2, 1]);
    expect(at.run('web', 'cat', '/proc/1/comm').out).toBe('imgexec\n');
    expect(at.view('web', 'cat', '/proc/1/comm', '/proc/2/comm').out).toBe('imgexec\nimgexec\n');
  });

  test('the image sees its own processes and no other', async () => {
    await at.start('web', 'echo up; exec sleep 701');
    const rows = at.run('web', 'ps', '-eo', 'args=').out.trim().split('\n');
    expect(rows.map((row) => row.replace(/^.*imgexec/, 'imgexec')).sort()).toEqual(['imgexec init', 'ps -eo args=', 'sleep 701']);
  });

  test('the view sees them by numbers of its own, and is unseen by them', async () => {
    await at.start('web', 'echo up; exec sleep 702');
    const watcher = await at.start('web', 'echo up; exec sleep 703', '--only', 'proc');
    const [, inView] = numbers(await memberPid(at.kernel, 'web', 'sleep 702'));
    expect(at.view('web', 'cat', `/proc/${inView}/cmdline`).out).toBe('sleep\0' + '702\0');
    expect(at.view('web', 'ps', '-eo', 'args=').out).toContain('sleep 703');
    expect(at.run('web', 'ps', '-eo', 'args=').out).not.toContain('sleep 703');
    expect((await at.kernel.processes('web')).map(({ command }) => command)).not.toContain('sleep 703');
    watcher.end();
  });

  test('no process outside has a number in the view', async () => {
    const made = await (await at.kernel.lookup('web')).slot('proc');
    await at.start('web', 'echo up; exec sleep 704');
    // Every number that could be one: those given there so far and some more, and every number that means something here.
    const asked = [...new Set([...Array.from({ length: 3000 }, (_, i) => i + 1), ...here()])];
    const script = 'me=$$; for n; do kill -0 $n 2>/dev/null && [ $n != $me ] && echo $n; done; :';
    const answering = at.view('web', 'sh', '-c', script, 'sh', ...asked.map(String)).out.trim().split('\n').map(Number).sort((a, b) => a - b);
    const inside = [`pid:[${made.view?.ino}]`, `pid:[${made.own?.ino}]`].flatMap(standing).map((pid) => numbers(pid)[1] ?? 0).sort((a, b) => a - b);
    expect(answering.length).toBeGreaterThan(2);
    expect(answering).toEqual(inside);
  });

  test('oneway false is refused, with the reason', async () => {
    const error = await refusal(at.create('two', 'vir', 'proc', 'oneway', 'false'));
    expect(error).toMatchObject({ code: 'EOPNOTSUPP', subject: 'oneway', message: expect.stringContaining('always visible from the one around it'), hint: expect.stringContaining('oneway true') });
    expect((await at.kernel.list()).map(({ name }) => name)).toEqual(['web']);
  });

  test('oneway true is what there is, and stays', async () => {
    await at.create('one', 'vir', 'proc', 'oneway', 'true');
    expect(await at.kernel.get('one')).toContainEqual(['oneway', 'true']);
    expect(await refusal(at.kernel.set('one', ['vir', 'proc', 'oneway', 'false']))).toMatchObject({ code: 'EROFS', subject: 'oneway' });
    await at.kernel.destroy('one');
  });
});
