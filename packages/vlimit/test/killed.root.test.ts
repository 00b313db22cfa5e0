import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { onCall } from '@vimage/linux/door';
import { failEachAct } from '@vimage/testing';
import { needRoot } from '../../linux/test/rights.ts';
import { memberPid } from '../../vproc/test/lab.ts';
import { boundsOf, imageCgroups, v1, without } from './cgroups.ts';
import { Lab } from './lab.ts';

const script = fileURLToPath(new URL('./child/act.mjs', import.meta.url));
const act = (n: number, ...words: readonly string[]): ReturnType<typeof spawnSync> => spawnSync(process.execPath, [script, String(n), ...words], { encoding: 'utf8' });
const namesOf = (...words: readonly string[]): readonly string[] => (JSON.parse(String(act(-1, ...words).stdout)) as { names: string[] }).names;
const controllers = ['pids', 'memory', 'cpu'];
const why = without(controllers);
const title = (text: string, reason: string | undefined = why): string => `${text}${needRoot.note}${reason === undefined ? '' : ` (skipped: ${reason})`}`;
const whyV1 = without(controllers, ['v1']);
const limits = ['memory', '64m', 'pids', '50', 'cpu', '2'];

describe.skipIf(needRoot.missing || why !== undefined)(title('a change'), () => {
  let at: Lab;
  let pids: readonly number[];
  beforeAll(async () => {
    at = await Lab.open();
    await at.create('lab', 'children.max', '1', 'vir', 'limit', ...limits);
    await at.create('lab.web', 'vir', 'limit', 'cpu', '1');
    for (const name of ['lab', 'lab.web']) at.start(name, 'sleep', '710');
    pids = [await memberPid(at.kernel, 'lab', 'sleep'), await memberPid(at.kernel, 'lab.web', 'sleep')];
  });
  afterEach(() => onCall(undefined));
  afterAll(() => at.close());

  const now = (): readonly number[] => {
    const [lab = 0, web = 0] = pids;
    return [boundsOf('memory', lab), boundsOf('swap', lab), boundsOf('pids', lab), boundsOf('cpu', lab), boundsOf('cpu', web)];
  };
  const less = ['memory', '32m', 'pids', '20', 'cpu', '0.5'];
  const states: Readonly<Record<string, readonly number[]>> = {
    '50': [64 << 20, 64 << 20, 50, 200_000, 100_000],
    '20': [32 << 20, 32 << 20, 20, 50_000, 50_000],
  };
  const asked = async (): Promise<string> => (await at.value('lab', 'pids')) ?? '';

  test('that fails is undone, whichever act fails', async () => {
    const acts = await failEachAct(async (fails) => {
      const { outcome, act: failed } = await fails(() => at.set('lab', ...less));
      expect(now(), `act ${failed}: ${outcome}`).toEqual(states[await asked()]);
      if (outcome === 'done') await at.set('lab', ...limits);
    });
    expect(acts).toBeGreaterThan(15);
  });

  test('whose maker is killed at any act is taken back, or whole', { timeout: 240_000 }, async () => {
    const names = namesOf('set', 'lab', ...less);
    await at.set('lab', ...limits);
    const seen = new Set<string>();
    // Before its first file it has only taken locks and a number.
    for (let n = names.findIndex((name) => name === 'unlink' || name === 'create'); n < names.length; n++) {
      expect(act(n, 'set', 'lab', ...less).signal).toBe('SIGKILL');
      await at.kernel.gc();
      const state = await asked();
      seen.add(state);
      expect(now(), `killed at act ${n}, ${names[n]}`).toEqual(states[state]);
      if (state === '20') await at.set('lab', ...limits);
    }
    expect([...seen]).toEqual(['50', '20']);
  });
});

describe.skipIf(needRoot.missing || why !== undefined)(title('a killed maker'), () => {
  let at: Lab;
  beforeEach(async () => {
    at = await Lab.open();
    // What is made with the first image, and goes with the last, is there all the time.
    await at.create('other', 'vir', 'limit', ...limits);
  });
  afterEach(async () => {
    if ((await at.kernel.list()).some(({ name }) => name === 'web')) await at.kernel.destroy('web', { grace: 0 });
    await at.close();
  });

  test('leaves, at any act, an image or nothing; destroyed halfway nothing', { timeout: 240_000 }, async () => {
    const before = imageCgroups();
    const names = namesOf('create', 'web', ...limits);
    const seen = new Set<number>();
    for (let n = 0; n < names.length; n++) {
      expect(act(n, 'create', 'web', ...limits).signal).toBe('SIGKILL');
      await at.kernel.gc();
      const there = (await at.kernel.list()).filter(({ name }) => name === 'web');
      seen.add(there.length);
      if (there.length > 0) {
        expect(act(n % 12, 'destroy', 'web').status).not.toBe(1);
        await at.kernel.gc();
        if ((await at.kernel.list()).length > 1) await at.kernel.destroy('web', { grace: 0 });
      }
      expect(imageCgroups(), `killed at act ${n}, ${names[n]}`).toEqual(before);
    }
    expect([...seen].sort()).toEqual([0, 1]);
  });
});

describe.skipIf(needRoot.missing || whyV1 !== undefined)(title('where a controller is not mounted', whyV1), () => {
  interface Outcome { readonly code?: string; readonly subject?: string; readonly message?: string; readonly hint?: string; readonly notes?: readonly string[]; readonly shown?: readonly (readonly string[])[] }
  const unmounted = (controllers: readonly string[], ...words: readonly string[]): Outcome => {
    const commands = [...controllers.flatMap((each) => (v1(each) === undefined ? [] : [`umount -l ${v1(each)?.at ?? ''}`])), `exec ${process.execPath} ${script} -1 ${words.join(' ')}`];
    const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-ec', commands.join('\n')], { encoding: 'utf8' });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Outcome;
  };

  test.each([['memory', '64m', 'memory'], ['pids', '5', 'the number of processes'], ['cpu', '1', 'CPU time']] as const)('%s is refused, naming it, and what to do; optional it is told of', (key, value, what) => {
    expect(unmounted([key], 'create', 'web', key, value)).toMatchObject({
      code: 'EOPNOTSUPP', subject: key, message: expect.stringMatching(`${what} cannot be limited here: .* the ${key} controller`), hint: expect.stringMatching(`"${key}" in its cgroup.controllers.*; or say that it may go unenforced: optional ${key}$`),
    });
    const { notes, shown } = unmounted([key], 'create', 'web', key, value, 'optional', key);
    expect(notes).toEqual([expect.stringMatching(`^${key} is not limited: ${what} cannot`)]);
    expect(shown).toContainEqual(['unenforced', key]);
    expect(unmounted([key], 'create', 'web', key, value, 'optional', key === 'cpu' ? 'pids' : 'cpu')).toMatchObject({ code: 'EOPNOTSUPP' });
  });

  test('nor v2, all is limited, and counted, on v1', () => {
    const { shown, notes } = unmounted(['v2'], 'create', 'web', 'memory', '64m', 'pids', '5', 'cpu', '1');
    expect(notes).toEqual([]);
    expect(shown?.map(([key]) => key).slice(-3)).toEqual(['memory.used', 'pids.used', 'cpu.used']);
  });

  test('nor anything that tells who lives in an image, processes have their limits, the image has none', () => {
    const all = ['v2', 'name=systemd'];
    expect(unmounted(all, 'create', 'web', 'files', '10')).toMatchObject({ notes: [] });
    expect(unmounted(all, 'create', 'web', 'memory', '64m')).toMatchObject({ code: 'EOPNOTSUPP', subject: 'memory' });
    expect(unmounted(all, 'create', 'web', 'memory', '64m', 'optional', 'memory')).toMatchObject({ notes: [expect.stringContaining('memory is not limited')] });
  });

  test('nothing asked of it, nothing is said; what is counted elsewhere is shown', () => {
    const { notes, shown } = unmounted(['memory', 'cpu'], 'create', 'web', 'files', '10');
    expect(notes).toEqual([]);
    expect(shown?.map(([key]) => key)).not.toContain('memory.used');
    expect(shown?.map(([key]) => key)).toContain('cpu.used');
  });
});
