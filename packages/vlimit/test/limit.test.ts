import { describe, expect, test } from 'vitest';
import type { Restriction } from '@vimage/core';
import { vlimit, vlimitParams } from '../src/index.ts';
import { noted, notePairs } from '../src/giveback.ts';
import { perProcess, rlimitSteps, unreached } from '../src/rlimit.ts';
import { cpusAsked, readSaved, root, savedPairs, type Vlimit } from '../src/vlimit.ts';

const view = { serial: 7n, name: 'web' };
const made: Vlimit = {
  serial: 7n, cpu: 1.5, unenforced: ['memory'],
  places: { pids: { dir: '/p/vimage/7', kind: 'v1' }, cpu: { dir: '/c/vimage/7', kind: 'v1' }, usage: { dir: '/u/vimage/7', kind: 'v2' } },
};

describe('what is kept of an image', () => {
  test('is found again as it was saved', () => {
    for (const each of [made, { ...root, serial: 7n }, { ...made, unenforced: [], cpu: undefined }]) expect(readSaved(view, savedPairs(each))).toEqual(each);
  });

  test('is refused where it is damaged', () => {
    for (const saved of [[['pids', '/p']], [['pids', 'v3 /p']], [['memory', 'v1 p']], [['cpus', '0']], [['cpus', 'x']], [['unenforced', 'memory files']]] as const) {
      expect(() => readSaved(view, saved), JSON.stringify(saved)).toThrow(expect.objectContaining({ code: 'EBADMSG', subject: 'web' }));
    }
  });

  test('has to be there for who enters', () => {
    const steps = vlimit.entry(made, { image: { ...view, persist: true }, home: '/', delegated: false, held: () => undefined });
    expect(steps).toEqual(['/p/vimage/7', '/c/vimage/7'].map((dir) => ({ verb: 'within', args: [['to', dir]], mode: 'live' })));
  });

  test('tells others what is asked of the v1 cpu hierarchy', () => {
    const v2: Vlimit = { ...made, places: { cpu: { dir: '/v2', kind: 'v2' } } };
    expect(cpusAsked([savedPairs(made), savedPairs(v2), savedPairs({ ...made, cpu: undefined }), [['vimage.owner', '7 web']]])).toEqual(new Map([['/c/vimage/7', 1.5]]));
  });

  test('before a change', () => {
    for (const wanted of [{}, { memory: 1 << 30, pids: 5, cpu: 0.25 }]) expect(noted(notePairs(wanted))).toEqual(wanted);
  });
});

describe('each process', () => {
  const held = (values: Readonly<Record<string, number>>) => (key: string): Restriction | undefined => (key in values ? { order: 'min', value: values[key] ?? 0 } : undefined);

  test('is put under what holds, by the kernel’s numbers and units', () => {
    const steps = rlimitSteps({ held: held({ files: 64, core: 0, stack: 1 << 23, fsize: 5, memlock: 6, cputime: 3000, memory: 9, pids: 9 }) });
    expect(steps.map(({ verb }) => verb)).toEqual(Array(6).fill('rlimit'));
    expect(steps.map(({ args }) => args.map(([, value]) => value).join(' '))).toEqual(['0 3 3', '1 5 5', '3 8388608 8388608', '4 0 0', '7 64 64', '8 6 6']);
  });

  test('of img0 is put under nothing', () => {
    expect(vlimit.entry(root, { image: { name: 'img0', serial: 0n, persist: true }, home: '/', delegated: true, held: held({ files: 1 }) })).toEqual([]);
    expect(rlimitSteps({ held: held({}) })).toEqual([]);
  });

  test('keeps what it has when that changes', () => {
    expect(unreached('web', { files: 5, core: 1 }, { files: 6, stack: 65536, core: 1, memory: 1 << 20 })).toEqual([expect.stringContaining('keeps its stack, files until')]);
    expect(unreached('web', { memory: 1 << 20 }, {})).toEqual([]);
  });
});

test('every limit restricts: an image has no more than those around it', () => {
  for (const key of [...perProcess, 'cpu', 'memory', 'pids'] as const) expect(vlimitParams[key].order, key).toBe('min');
});

test('a time that the kernel cannot count is refused', () => {
  const check = (cputime: number): void => vlimit.check?.({ image: { ...view, persist: true }, values: { cputime }, sees: () => true });
  check(2000);
  expect(() => { check(1500); }).toThrow(expect.objectContaining({ code: 'EINVAL', subject: 'cputime', hint: 'say 2s' }));
});
