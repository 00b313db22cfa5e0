import { chownSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cgroupBase } from '../src/cgroup-base.ts';
import { probeCgroup } from '../src/cgroup.ts';
import { needRoot } from './rights.ts';

// The tree that a service manager makes around a shell: SLICE/SESSION, where the session has processes, and the slice none.

const around = needRoot.missing ? undefined : probeCgroup();
const has = around?.kind === 'v2' && /\bpids\b/.test(readFileSync(`${around.base}/cgroup.controllers`, 'utf8'));
const why = needRoot.missing ? needRoot.note : has ? '' : ' (skipped: no cgroup of v2 here has the pids controller)';

describe.skipIf(why !== '')(`the cgroup around those of images${why}`, () => {
  const base = around?.base ?? '';
  const slice = `${base}/slice-${process.pid}`;
  const session = `${slice}/session`;
  const before = around?.own ?? '';
  beforeEach(() => {
    writeFileSync(`${base}/cgroup.subtree_control`, '+pids');
    mkdirSync(slice);
    writeFileSync(`${slice}/cgroup.subtree_control`, '+pids');
    mkdirSync(session);
    writeFileSync(`${session}/cgroup.procs`, String(process.pid));
  });
  afterEach(() => {
    writeFileSync(`${before}/cgroup.procs`, String(process.pid));
    for (const dir of [session, slice]) if (existsSync(dir)) rmdirSync(dir);
  });

  test('is the nearest that can hand down', () => {
    expect(probeCgroup()).toMatchObject({ own: session, base: slice });
  });

  test('is no other than ours where ours limits something, or can hand down itself', () => {
    writeFileSync(`${session}/pids.max`, '4000');
    expect(probeCgroup()).toMatchObject({ own: session, base: session });
    writeFileSync(`${session}/pids.max`, 'max');
    expect(cgroupBase(base, slice)).toBe(slice);
  });

  test('is not beyond one that limits', () => {
    const inner = `${slice}/inner`;
    mkdirSync(inner);
    try {
      writeFileSync(`${slice}/pids.max`, '4000');
      // It has a process now, and cannot hand down any more.
      writeFileSync(`${slice}/cgroup.subtree_control`, '-pids');
      writeFileSync(`${slice}/cgroup.procs`, String(process.pid));
      expect(cgroupBase(base, inner)).toBe(inner);
    } finally {
      writeFileSync(`${session}/cgroup.procs`, String(process.pid));
      rmdirSync(inner);
    }
  });

  test('is within what one may write', () => {
    const as = (uid: number): unknown => {
      const program = `import { probeCgroup } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}; console.log(JSON.stringify(probeCgroup() ?? null));`;
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', uid, gid: uid });
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout);
    };
    expect(as(12345)).toBeNull();
    const give = (dir: string): void => { for (const name of ['', '/cgroup.procs', '/cgroup.subtree_control']) chownSync(dir + name, 12345, 12345); };
    give(session);
    expect(as(12345)).toMatchObject({ own: session, base: session });
    give(slice);
    expect(as(12345)).toMatchObject({ own: session, base: slice });
  });
});
