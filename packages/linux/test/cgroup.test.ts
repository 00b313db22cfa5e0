import { describe, expect, it } from 'vitest';
import { parseCgroups, probeCgroup, serialOf, topCgroup } from '../src/cgroup.ts';
import { parseMounts } from '../src/mountinfo.ts';
import { signalNumber } from '../src/process/members.ts';

const mount = (root: string, at: string, type: string, options: string): string => `31 23 0:28 ${root} ${at} rw,relatime - ${type} ${type} ${options}`;

describe('where membership is told', () => {
  it('takes v2 before a named v1 hierarchy, and nothing else', () => {
    const v2 = mount('/', '/tmp', 'cgroup2', 'rw');
    const named = mount('/', '/tmp', 'cgroup', 'rw,name=systemd');
    const memory = mount('/', '/tmp', 'cgroup', 'rw,memory');
    const lines = parseCgroups('5:memory:/m\n1:name=systemd:/\n0::/\n');
    expect(probeCgroup(parseMounts([named, memory, v2].join('\n')), lines)).toEqual({ kind: 'v2', mount: '/tmp', own: '/tmp', base: '/tmp' });
    expect(probeCgroup(parseMounts([memory, named].join('\n')), lines)).toEqual({ kind: 'v1', mount: '/tmp', own: '/tmp', base: '/tmp' });
    expect(probeCgroup(parseMounts(memory), lines)).toBeUndefined();
  });

  it('reads paths with a mounted part of the hierarchy, and escapes', () => {
    const part = mount('/user.slice', '/tmp', 'cgroup2', 'rw');
    expect(probeCgroup(parseMounts(part), parseCgroups('0::/user.slice\n'))?.own).toBe('/tmp');
    expect(probeCgroup(parseMounts(part), parseCgroups('0::/elsewhere\n'))).toBeUndefined();
    expect(parseMounts(mount('/', '/a\\040b', 'tmpfs', 'rw'))[0]?.at).toBe('/a b');
  });

  it('finds the image in a path, however deep, whatever follows', () => {
    expect(serialOf('/vimage/12/procs')).toBe(12n);
    expect(serialOf('/user.slice/vimage/12/34/procs/mine')).toBe(34n);
    expect(serialOf('/user.slice')).toBeUndefined();
    expect(serialOf('/vimage')).toBeUndefined();
    expect(topCgroup({ kind: 'v2', mount: '/c', own: '/c', base: '/c' }, 5n).path).toBe('/c/vimage/5');
    expect(topCgroup({ kind: 'v2', mount: '/c', own: '/c/vimage/7/procs', base: '/c/vimage/7/procs' }, 5n).path).toBe('/c/vimage/7/5');
  });

  it('knows signals by name and by number', () => {
    expect([signalNumber('TERM'), signalNumber('sigkill'), signalNumber('1')]).toEqual([15, 9, 1]);
    expect(() => signalNumber('99')).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });
});
