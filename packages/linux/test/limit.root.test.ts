import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupTree, probeCgroup } from '../src/cgroup.ts';
import { handDown } from '../src/hand-down.ts';
import { needRoot } from './rights.ts';

const at = probeCgroup();
const mount = at?.kind === 'v2' ? at.mount : '';
const words = (dir: string, name: string): readonly string[] => (existsSync(`${dir}/cgroup.${name}`) ? readFileSync(`${dir}/cgroup.${name}`, 'utf8').trim().split(/\s+/) : []);
/** A controller that the root of v2 has here and has handed to nobody; on a machine where v1 has the others it may be this one only. */
const controller = words(mount, 'controllers').find((each) => each === 'hugetlb' && !words(mount, 'subtree_control').includes(each));
const why = controller === undefined ? ' (skipped: v2 has no hugetlb controller here that nobody uses)' : '';

describe.skipIf(needRoot.missing || controller === undefined)(`a v2 controller of the kernel's${needRoot.note}${why}`, () => {
  const around = `${mount}/limit-test-${process.pid}`;
  const name = controller ?? '';
  // Down to the one that we are in.
  const givers: string[] = [];
  for (let dir = at?.kind === 'v2' ? at.own : mount; dir !== mount; dir = dirname(dir)) givers.unshift(dirname(dir));
  beforeAll(() => {
    for (const dir of new Set([mount, ...givers])) writeFileSync(`${dir}/cgroup.subtree_control`, `+${name}`);
    mkdirSync(`${around}/vimage/5/6`, { recursive: true });
  });
  afterAll(() => {
    for (const dir of cgroupTree(around, true)) rmdirSync(dir);
    for (const dir of [...new Set([mount, ...givers])].reverse()) writeFileSync(`${dir}/cgroup.subtree_control`, `-${name}`);
  });

  it('is handed down to an image in an image', () => {
    expect(words(`${around}/vimage/5/6`, 'controllers')).not.toContain(name);
    expect(handDown(`${around}/vimage/5/6`, name)).toBe(true);
    expect(words(`${around}/vimage/5/6`, 'controllers')).toContain(name);
    expect(words(`${around}/vimage/5/6`, 'subtree_control')).not.toContain(name);
    expect(handDown(`${around}/vimage/5/6`, name), 'again').toBe(true);
  });

  it('is not, from a cgroup that processes are in', () => {
    const own = at?.own ?? '';
    if (own === mount) return;
    expect(words(own, 'controllers')).toContain(name);
    expect(handDown(`${own}/vimage/5`, name)).toBe(false);
    expect(words(own, 'subtree_control')).not.toContain(name);
  });
});
