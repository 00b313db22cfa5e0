// The outer halves of probes, each where the kernel of images does not do what it tries: it must be seen to fail.
import { spawnSync } from 'node:child_process';
import { boot, type Kernel } from '@vimage/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linux } from '../src/index.ts';
import { outerProbes } from '../src/selftest/list.ts';
import type { Maker } from '../src/selftest/probe.ts';
import { duringRemoval, sameName, staleNumber } from '../src/selftest/removal.ts';
import { defences } from '../src/selftest/walls.ts';
import { privateRun } from './rig.ts';
import { needRoot } from './rights.ts';

describe.skipIf(needRoot.missing)(`probes with a kernel that does not do its part${needRoot.note}`, () => {
  let kernel: Kernel;
  beforeAll(async () => {
    privateRun();
    kernel = await boot({ substrate: linux(), components: [] });
  });
  afterAll(async () => {
    for (const { name } of await kernel.list()) await kernel.destroy(name, { grace: 0 });
    await kernel.close();
  });
  const maker = (other: Partial<Maker>): Maker => ({
    create: (input) => kernel.create(input), destroy: (name, options) => kernel.destroy(name, options), fullName: (name) => kernel.fullName(name),
    kill: (name, pid, signal) => kernel.kill(name, pid, signal), processes: (name) => kernel.processes(name), ...other,
  });
  const outer = async (name: string, made: Maker): Promise<string | undefined> =>
    (await outerProbes.find((each) => each.name === name)?.run({ kernel: made, image: { name: 'none' }, defences: defences([], '/run/vimage') }))?.verdict;
  const nothing = { removed: [], ended: 0, dying: [], notes: [] };

  it('during-removal: who lives there is not ended', async () => {
    expect(await duringRemoval(maker({}))).toMatchObject({ verdict: 'pass' });
    expect(await duringRemoval(maker({ destroy: () => Promise.resolve(nothing) }))).toEqual({ verdict: 'fail', reason: '10 of 10 outlived the image' });
  });

  it('name-reuse: only the name is said', async () => {
    expect(await sameName(maker({}))).toMatchObject({ verdict: 'pass' });
    expect(await sameName(maker({}), false)).toMatchObject({ verdict: 'fail' });
  });

  it('stale-number: whatever has the number is signalled', async () => {
    expect(await staleNumber(maker({}))).toMatchObject({ verdict: 'pass', reason: 'ESRCH' });
    const kill: Maker['kill'] = async (name, pid, signal) => {
      await kernel.kill(name, pid, signal).catch(() => 0);
      return 1;
    };
    expect(await staleNumber(maker({ kill }))).toEqual({ verdict: 'fail', reason: 'it was done' });
  });

  it('nul-in-name, long-value: any name is taken', async () => {
    let n = 0;
    const create: Maker['create'] = () => kernel.create(['name', `taken${n++}`, 'persist', 'false']);
    for (const name of ['nul-in-name', 'long-value']) {
      expect(await outer(name, maker({})), name).toBe('pass');
      expect(await outer(name, maker({ create })), name).toBe('fail');
    }
  });

  it('teardown: an address of the machine is not as it was', async () => {
    const create: Maker['create'] = () => kernel.create(['name', 'stack', 'persist', 'false']);
    expect(await outer('teardown', maker({}))).toBe('na');
    expect(await outer('teardown', maker({ create }))).toBe('pass');
    const ip = (what: string): number | null => spawnSync('ip', ['addr', what, '10.99.0.1/32', 'dev', 'lo']).status;
    const destroy: Maker['destroy'] = async (name, options) => {
      expect(ip('add')).toBe(0);
      return await kernel.destroy(name, options);
    };
    expect(await outer('teardown', maker({ create, destroy }))).toBe('fail');
    expect(ip('del')).toBe(0);
  });
});
