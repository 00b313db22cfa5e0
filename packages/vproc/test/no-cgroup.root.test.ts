import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { privateRun } from '../../linux/test/rig.ts';
import { lab, type Lab } from './lab.ts';

const act = fileURLToPath(new URL('./child/act.mjs', import.meta.url));

/** Who lives in an image is told by descent. */
describe.skipIf(needRoot.missing)(`where no cgroup can be made${needRoot.note}`, () => {
  let at: Lab;
  beforeAll(() => {
    privateRun();
    expect(spawnSync('mount', ['-t', 'tmpfs', 'none', '/sys/fs/cgroup']).status).toBe(0);
  });
  beforeEach(async () => {
    at = await lab();
    expect(at.substrate.cgroups).toBeUndefined();
  });
  afterEach(() => at.close());

  const running = (command: string): string => spawnSync('pgrep', ['-fx', command], { encoding: 'utf8' }).stdout.trim();

  test('an image is made, entered, and removed with all that runs in it', async () => {
    await at.create('web', 'vir', 'proc');
    const resident = await at.start('web', 'sleep 830 & setsid sleep 831 & echo up; wait');
    expect(at.run('web', 'cat', '/proc/1/comm').out).toBe('imgexec\n');
    await expect.poll(() => running('sleep 83[01]').split('\n').length).toBe(2);
    expect(await at.kernel.destroy('web')).toMatchObject({ removed: ['web'], dying: [] });
    expect(running('sleep 83[01]')).toBe('');
    await expect.poll(() => resident.child.exitCode).toBe(143);
    expect(await at.kernel.list({ dying: true })).toEqual([]);
  });

  test('who lives in it is told by descent, and ends with it', async () => {
    await at.create('web', 'vir', 'net');
    const resident = await at.start('web', 'setsid sh -c "sleep 833 & exit"; echo up; exec sleep 832');
    await expect.poll(async () => (await at.kernel.processes('web')).map(({ command }) => command).sort()).toEqual(['sleep 832', 'sleep 833']);
    expect(await at.kernel.destroy('web')).toMatchObject({ removed: ['web'], dying: [], ended: 2 });
    await expect.poll(() => resident.child.exitCode).toBe(143);
    expect(running('sleep 83[23]')).toBe('');
  });

  test('what cannot be limited is said, with what to do', async () => {
    await at.create('web', 'vir', 'proc');
    expect(await refusal(at.kernel.set('web', ['vir', 'proc', 'max', '5']))).toMatchObject({ code: 'EOPNOTSUPP', subject: 'pids' });
    expect(await at.kernel.refs('web')).toEqual([]);
  });

  test('one whose process is killed leaves no pid 1 behind, whichever act it was', { timeout: 60_000 }, async () => {
    const kill = (n: number): { signal: string | null; names: readonly string[] } => {
      const { signal, stdout } = spawnSync(process.execPath, [act, String(n), 'create', 'web', 'persist=true'], { encoding: 'utf8' });
      return { signal, names: signal === null ? (JSON.parse(stdout) as { names: string[] }).names : [] };
    };
    const { names } = kill(-1);
    await at.kernel.destroy('web');
    // Up to the question for the two pid 1s there is none.
    const from = names.lastIndexOf('send');
    expect(from).toBeGreaterThan(5);
    for (let n = from; n < names.length; n++) {
      expect(kill(n).signal).toBe('SIGKILL');
      await at.kernel.gc();
      for (const { name } of await at.kernel.list()) await at.kernel.destroy(name);
      expect(await at.kernel.list({ dying: true }), `killed at act ${n}, ${names[n]}`).toEqual([]);
      await expect.poll(() => running('.*imgexec (--serve|init)').split('\n').length, { message: `killed at act ${n}, ${names[n]}: but for our own` }).toBe(1);
    }
  });
});
