import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, pidNamespace, type Lab } from './lab.ts';

/** Pid 1 of a pid namespace, by its number here. */
function firstOf(namespace: string): number {
  for (const pid of readdirSync('/proc').map(Number).filter((each) => Number.isInteger(each))) {
    try {
      if (pidNamespace(pid) === namespace) return pid;
    } catch {
      // It has ended.
    }
  }
  throw new Error(`nobody stands in ${namespace}`);
}

describe.skipIf(needRoot.missing)(`an image whose pid 1 was killed from outside${needRoot.note}`, () => {
  let at: Lab;
  beforeEach(async () => {
    at = await lab();
    await at.create('web', 'children.max', '3', 'vir', 'net', 'vir', 'proc', 'max', '20');
    await at.create('web.child', 'vir', 'proc');
    await at.create('peer', 'vir', 'proc', 'share', 'web');
  });
  afterEach(() => at.close());

  const whose = ['view', 'own'] as const;
  test.each(whose)('says so, whatever is asked of it, and can be destroyed: the %s’s', async (which) => {
    const resident = await at.start('web', 'echo up; exec sleep 730');
    const ended = new Promise((resolve) => resident.child.once('exit', (code) => { resolve(code); }));
    const made = await (await at.kernel.lookup('web')).slot('proc');
    process.kill(firstOf(`pid:[${made[which]?.ino}]`), 'SIGKILL');
    expect(await ended).toBe(137);
    await expect.poll(() => at.kernel.processes('web')).toEqual([]);

    const dead = /^imgexec: ESRCH: .*web.*pid 1 has died: imgctl destroy web, then create it again\n$/;
    // One dies of the other, a moment later.
    for (const enter of [at.run, at.view]) await expect.poll(() => enter('web', 'echo', 'ran'), { timeout: 5000 }).toMatchObject({ status: 125, out: '', err: expect.stringMatching(dead) });
    expect(at.run('peer', 'echo', 'ran')).toMatchObject({ status: 125, out: '', err: expect.stringMatching(/^imgexec: ESRCH: .*peer.*pid 1 has died/) });
    expect(at.run('web.child', 'echo', 'ran')).toMatchObject({ status: 125, out: '', err: expect.stringMatching(/^imgexec: ESRCH: .*web\.child.*pid 1 has died/) });
    const refused = { code: 'ESRCH', subject: 'web', message: expect.stringContaining('pid 1 has died'), hint: 'imgctl destroy web, then create it again' };
    expect(await refusal(at.create('web.more', 'vir', 'proc'))).toMatchObject(refused);

    await at.create('web.net', 'vir', 'net');
    expect(await at.kernel.get('web', { all: true })).toContainEqual(['max', '20']);
    expect((await at.kernel.set('web', ['vir', 'proc', 'max', '10'])).changed).toEqual(['proc.max']);
    expect((await at.kernel.refs('web')).map(({ kind, detail }) => `${kind} ${detail}`)).toEqual(expect.arrayContaining(['child web.child', 'share peer']));
    await expect(at.kernel.kill('web', undefined, 'TERM')).resolves.toBe(0);
    await at.kernel.wait('web', { for: 'empty' });

    expect(await at.kernel.destroy('peer')).toMatchObject({ removed: ['peer'], dying: [] });
    expect(await at.kernel.destroy('web')).toMatchObject({ removed: expect.arrayContaining(['web.child', 'web']), dying: [], notes: [] });
    expect(await at.kernel.list({ dying: true })).toEqual([]);
    expect((await at.substrate.pinner()).list()).toEqual([]);
  });
});
