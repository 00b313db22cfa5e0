import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Build, drive, steps } from '../src/drive.ts';

const built = (file: string): Promise<Build> => import(path.resolve(import.meta.dirname, '../../../packages/core/dist', file)) as Promise<Build>;

test('whatever a program does that makes no image, it comes to the same in both builds', async () => {
  const [ordinary, single] = await Promise.all([built('index.js'), built('single/index.js')]);
  const reached = new Set<string>();
  await fc.assert(fc.asyncProperty(steps, async (program) => {
    const wanted = await drive(ordinary, program);
    for (const outcome of wanted) reached.add(String(outcome).split(',').slice(0, 2).join(' '));
    expect(await drive(single, program)).toEqual(wanted);
  }), { numRuns: 200 });
  for (const outcome of ['crfree InvariantError', 'boundary ESRCH', 'boundary true', 'slot ENOENT', 'effective EIO', 'ask ESRCH', 'ask EPERM', 'setimage ESRCH', 'list ESRCH', 'crset InvariantError', 'sync ESRCH', 'release InvariantError']) expect([...reached], outcome).toContain(outcome);
});
