import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needRoot } from '../../linux/test/rights.ts';
import { Program } from './program.ts';
import { testEndings } from './endings.ts';
import { lab, memberPid } from './lab.ts';

function stateOf(pid: number | undefined): string | undefined {
  return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
}

describe.skipIf(needRoot.missing)(`destroy ends${needRoot.note}`, () => {
  let crowd: Program;
  beforeAll(() => {
    crowd = new Program('crowd');
  });
  afterAll(() => crowd[Symbol.dispose]());

  describe('in an image with a process table of its own', () => testEndings(() => crowd, ['vir', 'proc']));
  describe('in an image without', () => testEndings(() => crowd, []));

  test('what acts in the view, stopped, with imgexec that waits for it', async () => {
    const at = await lab();
    try {
      await at.create('web', 'vir', 'proc');
      const { child } = await at.start('web', 'echo up; kill -STOP $$; :', '--only', 'proc');
      await expect.poll(() => stateOf(child.pid)).toBe('T');
      const begin = performance.now();
      expect(await at.kernel.destroy('web')).toMatchObject({ removed: ['web'], dying: [] });
      expect(performance.now() - begin).toBeLessThan(3000);
      await expect.poll(() => child.exitCode).toBe(137);
    } finally {
      await at.close();
    }
  });

  test('what somebody else has put in there, who does not wait for it', async () => {
    const at = await lab();
    const { first } = await (await at.create('web', 'vir', 'proc')).slot('proc');
    // A parent that sleeps instead of waiting.
    const other = spawn('nsenter', ['-t', String(first?.pid), '-p', '-F', 'sh', '-c', 'sleep 812 & echo up; exec sleep 30'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(other.stdout, 'data');
      const begin = performance.now();
      expect(await at.kernel.destroy('web')).toMatchObject({ removed: ['web'], dying: [] });
      expect(performance.now() - begin).toBeLessThan(3000);
      other.kill('SIGKILL');
      await once(other, 'exit');
      expect(await at.kernel.gc()).toEqual([]);
    } finally {
      other.kill('SIGKILL');
      await at.close();
    }
  });

  test.each([['with', ['vir', 'proc']], ['without', []]] as const)('what is frozen, %s a process table', async (_, pairs) => {
    const at = await lab();
    try {
      await at.create('web', ...pairs);
      await at.start('web', 'echo up; exec sleep 810');
      const cgroups = at.substrate.cgroups;
      const path = /^0::(.*)$/m.exec(readFileSync(`/proc/${await memberPid(at.kernel, 'web', 'sleep')}/cgroup`, 'utf8'))?.[1];
      const freeze = `${cgroups?.mount}${path}/cgroup.freeze`;
      if (cgroups?.kind !== 'v2' || !existsSync(freeze)) throw new Error('this test needs cgroup2');
      writeFileSync(freeze, '1');
      expect(await at.kernel.destroy('web', { grace: 200 })).toMatchObject({ removed: ['web'], ended: 1, dying: [] });
    } finally {
      await at.close();
    }
  });
});
