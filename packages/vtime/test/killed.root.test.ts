import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lab, needTime, type Lab } from './lab.ts';

const script = fileURLToPath(new URL('./child/act.mjs', import.meta.url));
const act = (n: number, ...words: readonly string[]): ReturnType<typeof spawnSync> => spawnSync(process.execPath, [script, String(n), ...words], { encoding: 'utf8' });

describe.skipIf(needTime.missing)(`a killed maker of clocks${needTime.note}`, () => {
  let at: Lab;
  beforeEach(async () => {
    at = await lab();
    // What is made with the first image, and goes with the last, is there all the time.
    await at.create('other', 'vir', 'time');
  });
  afterEach(() => at.close());

  test('leaves, at any act, an image or nothing; destroyed halfway nothing', { timeout: 240_000 }, async () => {
    const pins = async (): Promise<readonly string[]> => (await at.substrate.pinner()).list();
    const before = await pins();
    const words = ['web', 'offset', 'boottime=+1d'];
    const { names } = JSON.parse(String(act(-1, 'create', ...words).stdout)) as { names: readonly string[] };
    await at.kernel.destroy('web');
    expect(names).toContain('pidfd_getfd');
    const seen = new Set<number>();
    for (let n = 0; n < names.length; n++) {
      expect(act(n, 'create', ...words).signal).toBe('SIGKILL');
      await at.kernel.gc();
      const there = (await at.kernel.list()).filter(({ name }) => name === 'web');
      seen.add(there.length);
      if (there.length > 0) {
        expect(at.run('web', 'cat', '/proc/self/timens_offsets')).toMatch(/boottime +86400 /);
        act(n % 12, 'destroy', 'web');
        await at.kernel.gc();
        if ((await at.kernel.list()).length > 1) await at.kernel.destroy('web', { grace: 0 });
      }
      expect(await pins(), `killed at act ${n}, ${names[n] ?? ''}`).toEqual(before);
    }
    expect([...seen].sort()).toEqual([0, 1]);
  });
});
