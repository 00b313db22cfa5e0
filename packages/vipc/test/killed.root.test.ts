import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failEachAct } from '@vimage/testing';
import { needRoot } from '../../linux/test/rights.ts';
import { Lab } from './lab.ts';

const script = fileURLToPath(new URL('./child/act.mjs', import.meta.url));
const act = (n: number, ...words: readonly string[]): ReturnType<typeof spawnSync> => spawnSync(process.execPath, [script, String(n), ...words], { encoding: 'utf8' });
const namesOf = (...words: readonly string[]): readonly string[] => (JSON.parse(String(act(-1, ...words).stdout)) as { names: string[] }).names;
const many = ['sysctl', 'kernel.msgmni=50', 'sysctl', 'kernel.sem=10 100 5 8'];
const few = ['sysctl', 'kernel.msgmni=20', 'sysctl', 'fs.mqueue.queues_max=7'];

describe.skipIf(needRoot.missing)(`a change, and a maker, that does not come to its end${needRoot.note}`, () => {
  let at: Lab;
  beforeEach(async () => {
    at = await Lab.open();
    // What is made with the first image, and goes with the last, is there all the time.
    await at.create('other', 'vir', 'ipc');
  });
  afterEach(() => at.close());

  const now = (): string => at.sh('web', 'cat /proc/sys/kernel/msgmni /proc/sys/kernel/sem /proc/sys/fs/mqueue/queues_max').trim().split(/\s+/).join(' ');
  const asked = async (): Promise<string> => ((await at.kernel.get('web')).some(([, value]) => value === 'kernel.msgmni=50') ? 'many' : 'few');
  /** In the namespace as it is made, what is not said. */
  const states = (): Readonly<Record<string, string>> => {
    const [, queues = '', ...sem] = at.sh('other', 'cat /proc/sys/kernel/msgmni /proc/sys/fs/mqueue/queues_max /proc/sys/kernel/sem').trim().split(/\s+/);
    return { many: `50 10 100 5 8 ${queues}`, few: `20 ${sem.join(' ')} 7` };
  };

  test.each([['', []], [' of an image with users', ['vir', 'user']]] as const)('whichever act fails, a change%s is undone', async (_what, more) => {
    await at.create('web', ...more, 'vir', 'ipc', ...many);
    const state = states();
    await failEachAct(async (fails) => {
      const { outcome, act: failed } = await fails(() => at.set('web', ...few));
      expect(now(), `act ${failed}: ${outcome}`).toBe(state[await asked()]);
      if (outcome === 'done') await at.set('web', ...many);
    });
  });

  test('a value that the kernel does not take changes nothing', async () => {
    await at.create('web', 'vir', 'ipc', ...many);
    await expect(at.set('web', 'sysctl', 'kernel.msgmni=20', 'sysctl', 'kernel.shmmni=2000000000')).rejects.toMatchObject({ code: 'EINVAL', subject: 'kernel.shmmni' });
    expect(now()).toBe(states()['many']);
    await expect(at.create('bad', 'vir', 'ipc', 'sysctl', 'kernel.shmmni=2000000000')).rejects.toMatchObject({ code: 'EINVAL', subject: 'kernel.shmmni' });
    expect((await at.kernel.list()).map(({ name }) => name).sort()).toEqual(['other', 'web']);
  });

  test('whose maker is killed at any act is taken back, or whole', { timeout: 240_000 }, async () => {
    await at.create('web', 'persist', 'true', 'vir', 'ipc', ...many);
    const state = states();
    const names = namesOf('set', 'web', ...few);
    await at.set('web', ...many);
    const seen = new Set<string>();
    for (let n = 0; n < names.length; n++) {
      expect(act(n, 'set', 'web', ...few).signal).toBe('SIGKILL');
      await at.kernel.gc();
      const is = await asked();
      seen.add(is);
      expect(now(), `killed at act ${n}, ${names[n]}`).toBe(state[is]);
      if (is === 'few') await at.set('web', ...many);
    }
    expect([...seen]).toEqual(['many', 'few']);
    await at.kernel.destroy('web');
  });

  test('killed at any act of create, there is an image or nothing', { timeout: 240_000 }, async () => {
    const names = namesOf('create', 'web', ...many);
    const seen = new Set<number>();
    for (let n = 0; n < names.length; n++) {
      expect(act(n, 'create', 'web', ...many).signal).toBe('SIGKILL');
      await at.kernel.gc();
      const there = (await at.kernel.list()).filter(({ name }) => name === 'web');
      seen.add(there.length);
      if (there.length === 0) continue;
      expect(now(), `killed at act ${n}, ${names[n]}`).toBe(states()['many']);
      await at.kernel.destroy('web', { grace: 0 });
    }
    expect([...seen].sort()).toEqual([0, 1]);
  });
});
