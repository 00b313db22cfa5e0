import { readFileSync, readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { create, exists, openPath, openSelf, withNs } from '../src/ns.ts';
import { onCall } from '../src/door.ts';
import { needRoot } from './rights.ts';

const here = (): string => readlinkSync('/proc/thread-self/ns/net');

describe.skipIf(needRoot.missing)(`namespaces${needRoot.note}`, () => {
  afterEach(() => onCall(undefined));

  it.each(['net', 'uts', 'ipc', 'cgroup'] as const)('makes a %s namespace and stands where it stood', (type) => {
    const before = readlinkSync(`/proc/thread-self/ns/${type}`);
    using self = openSelf(type);
    using made = create(type);
    expect(readlinkSync(`/proc/thread-self/ns/${type}`)).toBe(before);
    expect(made.is(self)).toBe(false);
    expect(made.ino).not.toBe(self.ino);
    withNs(made, () => expect(readlinkSync(`/proc/thread-self/ns/${type}`)).toBe(`${type}:[${made.ino}]`));
    expect(readlinkSync(`/proc/thread-self/ns/${type}`)).toBe(before);
  });

  it('nests, and comes back one by one, also when the function throws', () => {
    const before = here();
    using a = create('net');
    using b = create('net');
    expect(() =>
      withNs(a, () => {
        withNs(b, () => expect(here()).toBe(`net:[${b.ino}]`));
        expect(here()).toBe(`net:[${a.ino}]`);
        throw new Error('out');
      }),
    ).toThrow('out');
    expect(here()).toBe(before);
  });

  it('refuses an asynchronous function', () => {
    using a = create('net');
    expect(() => withNs(a, async () => 1)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    expect(here()).not.toBe(`net:[${a.ino}]`);
  });

  it('leaves the pool threads outside', async () => {
    using a = create('net');
    const promises = withNs(a, () => ({ list: Array.from({ length: 40 }, () => stat('/proc/thread-self/ns/net')) }));
    for (const one of await Promise.all(promises.list)) expect(BigInt(one.ino)).not.toBe(a.ino);
  });

  it('undoes nothing and enters nothing when a call fails', () => {
    const before = here();
    using a = create('net');
    onCall((name) => {
      if (name === 'setns') throw new Error('injected');
    });
    expect(() => withNs(a, () => 1)).toThrow('injected');
    expect(here()).toBe(before);
  });

  it('refuses what is no namespace, or another kind', () => {
    expect(() => openPath('/proc/self/status', 'net')).toThrow(expect.objectContaining({ code: 'ESTALE' }));
    expect(() => openPath('/proc/self/ns/uts', 'net')).toThrow(expect.objectContaining({ code: 'ESTALE' }));
    expect(() => openPath('/proc/self/ns/nothing', 'net')).toThrow(expect.objectContaining({ code: 'ENOENT', syscall: 'open' }));
  });

  it('knows whether a namespace still exists', () => {
    const made = create('net');
    const { ino, id } = made;
    if (exists('net', ino, id) === undefined) {
      const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);
      return expect(major * 100 + minor).toBeLessThan(618);
    }
    expect(exists('net', ino, id)).toBe(true);
    made.close();
    expect(exists('net', ino, id)).toBe(false);
  });
});
