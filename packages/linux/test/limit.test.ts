import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCgroups } from '../src/cgroup.ts';
import { handDown } from '../src/hand-down.ts';
import { limitTops } from '../src/limit.ts';
import { parseMounts } from '../src/mountinfo.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'limit-test-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('v1 hierarchies that limit', () => {
  const mount = (at: string, options: string, root = '/'): string => `31 23 0:28 ${root} ${at} rw - cgroup cgroup rw,${options}`;
  const tops = (mounts: readonly string[], lines: string): ReturnType<typeof limitTops> => limitTops(parseMounts(mounts.join('\n')), parseCgroups(lines));

  it('are those with controllers of ours, each once, where one may make directories', () => {
    mkdirSync(`${dir}/mem/user`, { recursive: true });
    mkdirSync(`${dir}/cpu`);
    const mounts = [mount(`${dir}/mem`, 'memory'), mount(`${dir}/mem`, 'memory'), mount(`${dir}/cpu`, 'cpu,cpuacct'), mount(`${dir}/set`, 'cpuset'), mount(`${dir}/none`, 'pids')];
    expect(tops(mounts, '4:memory:/user\n3:cpu,cpuacct:/\n2:cpuset:/\n1:pids:/\n')).toEqual([
      { controllers: ['memory'], mount: `${dir}/mem`, top: `${dir}/mem/user/vimage` },
      { controllers: ['cpu', 'cpuacct'], mount: `${dir}/cpu`, top: `${dir}/cpu/vimage` },
    ]);
  });

  it('begin, from within an image, where those of img0 do', () => {
    mkdirSync(`${dir}/vimage/5/6`, { recursive: true });
    expect(tops([mount(dir, 'memory')], '4:memory:/vimage/5/6\n').map(({ top }) => top)).toEqual([`${dir}/vimage`]);
  });
});

/** Plain directories: that the kernel then has the controller's files there no test here sees, but for hugetlb in limit.root.test.ts. */
describe('v2 controllers are handed down', () => {
  const cgroup = (at: string, controllers: string, control = ''): string => {
    mkdirSync(`${dir}${at}`, { recursive: true });
    writeFileSync(`${dir}${at}/cgroup.controllers`, `${controllers}\n`);
    writeFileSync(`${dir}${at}/cgroup.subtree_control`, control);
    return `${dir}${at}`;
  };
  const control = (at: string): string => readFileSync(`${dir}${at}/cgroup.subtree_control`, 'utf8');

  it('from the cgroup around all images to the one that has the image’s', () => {
    for (const at of ['', '/vimage', '/vimage/5', '/vimage/5/6']) cgroup(at, 'cpu memory');
    expect(handDown(`${dir}/vimage/5/6`, 'memory')).toBe(true);
    expect(['', '/vimage', '/vimage/5', '/vimage/5/6'].map(control)).toEqual(['+memory', '+memory', '+memory', '']);
  });

  it('and not where they are by now', () => {
    for (const at of ['', '/vimage', '/vimage/5']) cgroup(at, 'cpu memory', 'cpu memory\n');
    expect(handDown(`${dir}/vimage/5`, 'memory')).toBe(true);
    expect(control('')).toBe('cpu memory\n');
  });

  it('by nobody who has them not', () => {
    cgroup('', 'cpu');
    cgroup('/vimage', '');
    expect(handDown(`${dir}/vimage/5`, 'memory')).toBe(false);
    expect(control('')).toBe('');
    rmSync(`${dir}/cgroup.subtree_control`);
    expect(handDown(`${dir}/vimage/5`, 'cpu'), 'it may not be written').toBe(false);
    expect(handDown(dir, 'cpu'), 'no image’s').toBe(false);
  });
});
