import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { watch } from '../src/watch.mjs';

const main = fileURLToPath(new URL('../src/main.mjs', import.meta.url));
const planted = (name: string): string => fileURLToPath(new URL(`planted/${name}.mjs`, import.meta.url));

describe('a short run on each target; the million is in CONTRIBUTING', () => {
  test.each(['file', 'pairs', 'jail-conf'])('%s', (name) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, name, '--runs', '5000', '--seed', '1'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`^${name}: \\d{4,5} inputs in .*, [2-9]\\d % of the code reached`));
  });
});

describe('what is planted is found', () => {
  const data = { corpus: [''], runs: 500_000, seed: 1 };

  test('behind five conditions, step by step', async () => {
    const { why, input } = await watch({ ...data, file: planted('deep') });
    expect(why).toMatch(/TypeError: found/);
    expect(input).toMatch(/^vimag/);
  });

  test('what hangs', async () => {
    expect(await watch({ ...data, file: planted('hang') }, { hang: 1000 })).toMatchObject({ why: 'hangs for 1 s', input: expect.stringMatching(/^x/) });
  });

  test('what takes long', async () => {
    expect(await watch({ ...data, file: planted('slow') })).toMatchObject({ why: expect.stringContaining('longer than 1000 ms'), input: expect.stringMatching(/^x/) });
  });

  test('what eats memory', async () => {
    expect(await watch({ ...data, file: planted('hungry') }, { memory: 32 })).toMatchObject({ why: 'needs more than 32 MiB', input: expect.stringMatching(/^x/) });
  });
});

test('a name that is no target is refused', () => {
  const { status, stderr } = spawnSync(process.execPath, [main, 'none'], { encoding: 'utf8' });
  expect([status, stderr.split('\n')[1]]).toEqual([2, 'NAME is one of: file, jail-conf, pairs']);
});
