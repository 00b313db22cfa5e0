import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseMounts, probeCgroup } from '@vimage/linux';
import { onCall } from '@vimage/linux/door';
import { failEachAct } from '@vimage/testing';
import { needRoot } from '../../linux/test/rights.ts';
import { limitOn, noLimit } from './limits.ts';
import { lab, memberPid, type Lab } from './lab.ts';

const script = fileURLToPath(new URL('./child/act.mjs', import.meta.url));

describe.skipIf(needRoot.missing || noLimit !== undefined)(`a change of max${needRoot.note}${noLimit === undefined ? '' : ` (skipped: ${noLimit})`}`, () => {
  let at: Lab;
  let pid: number;
  beforeAll(async () => {
    at = await lab();
    await at.create('web', 'vir', 'proc', 'max', '50');
    await at.start('web', 'echo up; exec sleep 710');
    pid = await memberPid(at.kernel, 'web', 'sleep 710');
  });
  afterEach(() => onCall(undefined));
  afterAll(() => at.close());

  const asked = async (): Promise<string | undefined> => (await at.kernel.get('web')).find(([key]) => key === 'max')?.[1];

  test('that fails is undone, whichever act fails', async () => {
    const acts = await failEachAct(async (fails) => {
      const { outcome, act } = await fails(() => at.kernel.set('web', ['vir', 'proc', 'max', '60']));
      expect(limitOn(pid), `act ${act}: ${outcome}`).toBe(await asked());
      if (outcome === 'done') await at.kernel.set('web', ['vir', 'proc', 'max', '50']);
    });
    expect(acts).toBeGreaterThan(5);
  });

  test('whose maker is killed at any act is taken back, or whole', { timeout: 120_000 }, async () => {
    const killed = (n: number): ReturnType<typeof spawnSync> => spawnSync(process.execPath, [script, String(n), 'set', 'web', 'max', '60'], { encoding: 'utf8' });
    const { names } = JSON.parse(String(killed(-1).stdout)) as { names: string[] };
    await at.kernel.set('web', ['vir', 'proc', 'max', '50']);
    const seen = new Set<string | undefined>();
    // Before its first file it has only taken locks and a number.
    for (let n = names.findIndex((name) => name === 'unlink' || name === 'create'); n < names.length; n++) {
      expect(killed(n).signal).toBe('SIGKILL');
      await at.kernel.gc();
      const now = await asked();
      seen.add(now);
      expect(limitOn(pid), `killed at act ${n}, ${names[n]}`).toBe(now);
      if (now === '60') await at.kernel.set('web', ['vir', 'proc', 'max', '50']);
    }
    expect([...seen]).toEqual(['50', '60']);
  });
});

const onV2 = probeCgroup()?.kind === 'v2' && /\bpids\b/.test(readFileSync(`${probeCgroup()?.base ?? ''}/cgroup.controllers`, 'utf8'));
describe.skipIf(needRoot.missing || onV2)(`where no pids controller is mounted${needRoot.note}${onV2 ? ' (skipped: v2 has it)' : ''}`, () => {
  const without = (...args: readonly string[]): unknown => {
    const mounts = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
    const pids = mounts.filter(({ type, options }) => (type === 'cgroup' && options.includes('pids'))).map(({ at }) => at);
    const commands = [...pids.map((at) => `umount -l ${at}`), `exec ${process.execPath} ${script} -1 ${args.join(' ')}`];
    return JSON.parse(execFileSync('unshare', ['-m', 'sh', '-ec', commands.join('\n')], { encoding: 'utf8' }));
  };

  test('a limit is refused, naming the controller, and nothing is left; without one all is well', () => {
    expect(without('create', 'web', 'max', '5')).toMatchObject({ code: 'EOPNOTSUPP', subject: 'pids', message: expect.stringContaining('the pids controller'), hint: expect.stringMatching(/"pids" in its cgroup\.controllers/) });
    expect(without('create', 'web')).toMatchObject({ done: expect.any(Number) });
  });
});
