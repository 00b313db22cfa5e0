import { readFileSync } from 'node:fs';
import { codeOf } from '@vimage/core';
import { describe, expect, test } from 'vitest';
import { vipcParams } from '../src/index.ts';
import { checkSysctls, sysctlKeyType, sysctlsOf } from '../src/sysctl.ts';

const key = sysctlKeyType();

function failure(act: () => unknown): { readonly code: unknown; readonly text: string } {
  try {
    act();
  } catch (error) {
    return { code: codeOf(error), text: `${String(error)} ${String(Reflect.get(Object(error), 'hint'))}` };
  }
  throw new Error('it was taken');
}

describe('keys', () => {
  test.each([
    ['kernel.shmmx', 'kernel.shmmax'], ['kernel.shmal', 'kernel.shmall'], ['KERNEL.SEM', 'kernel.sem'], ['fs.mqueue.queue_max', 'fs.mqueue.queues_max'],
  ])('%s is none, and %s is near', (text, near) => {
    expect(failure(() => key.parse(text))).toEqual({ code: 'EINVAL', text: expect.stringContaining(`did you mean "${near}"?`) });
  });

  test.each(['', 'x', 'kernel.core_pattern', 'kernel/shmmax', 'kernel.shmmax/../core_pattern', 'net.ipv4.ip_forward', '__proto__', 'constructor'])('%j is none, and all there are are named, or a near one', (text) => {
    expect(failure(() => key.parse(text))).toEqual({ code: 'EINVAL', text: expect.stringMatching(/there are kernel\.shmmax, .*msgsize_default|did you mean/) });
  });
});

describe('values', () => {
  const check = (name: string, value: string): void => { checkSysctls([{ key: key.parse(name), value }]); };

  test.each([['kernel.shmmax', '18446744073709551615'], ['kernel.sem', '250 32000 32 128'], ['kernel.sem', ' 250\t32000  32 128 '], ['kernel.shm_rmid_forced', '1'], ['fs.mqueue.msg_max', '0']])('%s=%s', (name, value) => {
    check(name, value);
  });

  test.each([
    ['kernel.shmmax', '18446744073709551616', 'ERANGE'], ['kernel.msgmni', '2147483648', 'ERANGE'], ['kernel.shm_rmid_forced', '2', 'ERANGE'], ['kernel.msgmni', '1'.repeat(90), 'EINVAL'],
    ['kernel.sem', '250', 'EINVAL'], ['kernel.sem', '1 2 3 4 5', 'EINVAL'], ['kernel.msgmni', '-1', 'EINVAL'], ['kernel.msgmni', '1 2', 'EINVAL'], ['kernel.msgmni', '0x10', 'EINVAL'],
    ['kernel.msgmni', '010', 'EINVAL'], ['kernel.msgmni', ' ', 'EINVAL'], ['kernel.sem', '1 2 3 2147483648', 'ERANGE'],
  ])('%s=%s: %s: %s', (name, value, code) => {
    expect(failure(() => { check(name, value); })).toEqual({ code, text: expect.stringContaining(name) });
  });

  test('one key twice is EEXIST', () => {
    const one = { key: key.parse('kernel.sem'), value: '1 2 3 4' };
    expect(failure(() => { checkSysctls([one, one]); }).code).toBe('EEXIST');
  });

  test('are compared without regard to space', () => {
    expect(sysctlsOf({ sysctl: [{ key: 'kernel.sem', value: '1\t2  3 4' }] })).toEqual(new Map([['kernel.sem', '1 2 3 4']]));
  });
});

test('docs/ipc.md shows every parameter, and every key', () => {
  const page = readFileSync(new URL('../../../docs/ipc.md', import.meta.url), 'utf8');
  for (const name of [...Object.keys(vipcParams), ...(key.candidates ?? [])]) expect(page, name).toContain(`\`${name}\``);
});
