import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseMounts } from '@vimage/linux';
import { needRoot } from '../../linux/test/rights.ts';
import { privateRun } from '../../linux/test/rig.ts';
import { Program } from './program.ts';
import { testEndings } from './endings.ts';
import { lab, memberPid } from './lab.ts';

const mounts = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
const v2 = mounts.filter(({ type }) => type === 'cgroup2').map(({ at }) => at);
const named = mounts.some(({ type, options }) => type === 'cgroup' && options.some((option) => option.startsWith('name=')));
const freezer = mounts.find(({ type, options }) => type === 'cgroup' && options.includes('freezer'))?.at;

/** Where only a named v1 hierarchy tells who lives in an image: nothing ends a cgroup at once, and what is frozen takes no signal. */
describe.skipIf(needRoot.missing || !named)(`destroy ends, on a named v1 hierarchy${needRoot.note}${named ? '' : ' (skipped: none is mounted)'}`, () => {
  let crowd: Program;
  beforeAll(() => {
    crowd = new Program('crowd');
    privateRun();
    for (const at of v2) expect(spawnSync('umount', ['-l', at]).status).toBe(0);
  });
  afterAll(() => crowd[Symbol.dispose]());

  describe('in an image with a process table of its own', () => testEndings(() => crowd, ['vir', 'proc']));
  describe('in an image without', () => testEndings(() => crowd, []));

  test.skipIf(freezer === undefined).each([['with', ['vir', 'proc']], ['without', []]] as const)(`what is frozen, %s a process table${freezer === undefined ? ' (skipped: no v1 freezer is mounted)' : ''}`, async (_, pairs) => {
    const at = await lab();
    const dir = `${freezer}/vproc-test-${process.pid}`;
    mkdirSync(dir);
    try {
      await at.create('web', ...pairs);
      expect(at.substrate.cgroups?.kind).toBe('v1');
      await at.start('web', 'echo up; exec sleep 811');
      writeFileSync(`${dir}/cgroup.procs`, String(await memberPid(at.kernel, 'web', 'sleep')));
      writeFileSync(`${dir}/freezer.state`, 'FROZEN');
      await expect.poll(() => readFileSync(`${dir}/freezer.state`, 'utf8')).toBe('FROZEN\n');
      expect(await at.kernel.destroy('web', { grace: 200 })).toMatchObject({ removed: ['web'], ended: 1, dying: [] });
    } finally {
      await at.close();
      if (existsSync(dir)) rmdirSync(dir);
    }
  });
});
