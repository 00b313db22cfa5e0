import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cpuUsed, memoryUsed, pidsUsed, writeCpu, writeMemory } from '../src/files.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vlimit-test-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const make = (files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(dir, name), text);
};
const blank = ' '.repeat(40);

/** In a directory like one of the kernel's: what v2 itself does with it no test here sees. */
describe('v2, by its files', () => {
  test('memory is limited, and nothing is swapped; without a limit both are as they were', () => {
    make({ 'memory.max': blank, 'memory.swap.max': blank });
    expect(writeMemory({ dir, kind: 'v2' }, 1 << 20)).toBe(true);
    expect([readFileSync(`${dir}/memory.max`, 'utf8').trim(), readFileSync(`${dir}/memory.swap.max`, 'utf8').trim()]).toEqual(['1048576', '0']);
    make({ 'memory.max': '', 'memory.swap.max': '' });
    expect(writeMemory({ dir, kind: 'v2' }, undefined)).toBe(true);
    expect([readFileSync(`${dir}/memory.max`, 'utf8'), readFileSync(`${dir}/memory.swap.max`, 'utf8')]).toEqual(['max', 'max']);
  });

  test('a kernel that does not count swap is told of', () => {
    make({ 'memory.max': '' });
    expect(writeMemory({ dir, kind: 'v2' }, 1 << 20)).toBe(false);
    expect(readFileSync(`${dir}/memory.max`, 'utf8')).toBe('1048576');
  });

  test('CPU time is a quota of a period, and no one else’s is looked at', () => {
    const others = (): never => { throw new Error('v2 takes the least by itself'); };
    for (const [cpus, text] of [[1.5, '150000 100000'], [0.01, '1000 100000'], [undefined, 'max 100000']] as const) {
      make({ 'cpu.max': '' });
      writeCpu({ dir, kind: 'v2' }, cpus, others);
      expect(readFileSync(`${dir}/cpu.max`, 'utf8')).toBe(text);
    }
  });

  test('what is used', () => {
    make({ 'memory.current': '4096\n', 'pids.current': '3\n', 'cpu.stat': 'usage_usec 1234567\nuser_usec 1\n' });
    expect([memoryUsed({ dir, kind: 'v2' }), pidsUsed({ dir, kind: 'v2' }), cpuUsed({ dir, kind: 'v2' })]).toEqual([4096, 3, 1234]);
  });
});

describe('v1, by its files', () => {
  test('what is used; nothing where the cgroup is gone', () => {
    make({ 'memory.usage_in_bytes': '8192\n', 'pids.current': '3\n', 'cpuacct.usage': '1234567890\n' });
    expect([memoryUsed({ dir, kind: 'v1' }), pidsUsed({ dir, kind: 'v1' }), cpuUsed({ dir, kind: 'v1' })]).toEqual([8192, 3, 1234]);
    const gone = { dir: `${dir}/gone`, kind: 'v1' as const };
    expect([memoryUsed(gone), pidsUsed(gone), cpuUsed(gone)]).toEqual([undefined, undefined, undefined]);
  });

  test('a kernel without memsw is told of', () => {
    make({ 'memory.limit_in_bytes': '' });
    expect(writeMemory({ dir, kind: 'v1' }, 1 << 20)).toBe(false);
  });

  test('CPU time of those inside that are there', () => {
    mkdirSync(`${dir}/5`);
    for (const at of [dir, `${dir}/5`]) {
      writeFileSync(`${at}/cpu.cfs_period_us`, '100000');
      writeFileSync(`${at}/cpu.cfs_quota_us`, '200000');
    }
    writeCpu({ dir, kind: 'v1' }, 1, () => new Map([[dir, 2], [`${dir}/5`, 2], [`${dir}/6`, 2]]));
    expect([dir, `${dir}/5`].map((at) => readFileSync(`${at}/cpu.cfs_quota_us`, 'utf8'))).toEqual(['100000', '100000']);
  });
});
