import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { leaks, machine } from '../../testing/src/leaks.ts';
import { LinuxSubstrate } from '../src/index.ts';
import { needRoot } from './rights.ts';
import { emptyRun, privateCgroup, privateRun } from './rig.ts';

const child = (name: string): string => fileURLToPath(new URL(`./child/${name}.mjs`, import.meta.url));
const marker = `VIMAGE_TEST=${process.pid}-${Date.now()}`;
const env = { ...process.env, VIMAGE_TEST: marker.slice('VIMAGE_TEST='.length) };

function scenario(what: string, at: number, how: string): { readonly out: string; readonly signal: string | null } {
  const { stdout, stderr, signal, status } = spawnSync(process.execPath, [child('scenario'), what, String(at), how], { encoding: 'utf8', env, timeout: 30_000 });
  if (signal === null && status !== 0) throw new Error(stderr);
  return { out: stdout, signal };
}

/** Waits until imgexec, that saw its master die, has ended too. */
async function quiet(before: ReturnType<typeof machine>): Promise<readonly string[]> {
  const until = Date.now() + 3000;
  for (;;) {
    const left = leaks(before, machine({ marker }), ['mounts', 'namespaces', 'links', 'processes', 'cgroups']);
    if (left.length === 0 || Date.now() > until) return left;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What the next command does; then everything must be gone, but for an image that is rightly there, which is destroyed. */
async function clean(before: ReturnType<typeof machine>, at: number): Promise<void> {
  const linux = new LinuxSubstrate();
  let given = 0;
  const lines = await linux.gc(async (component, entries, image) => {
    given++;
    expect([component, entries, image]).toEqual(['net', [[['took', 'web']]], 'web']);
    return ['gave back'];
  });
  const { images = [], damaged } = (await linux.load()) ?? {};
  const story = `act ${at}: ${lines.join('; ')}`;
  expect(damaged, story).toEqual([]);
  expect(images.length).toBeLessThanOrEqual(1);
  for (const image of images) {
    expect(image.state, story).toBe('live');
    expect(given, story).toBe(0);
    await linux.end(image, { grace: 0 });
    const stage = await linux.stage(image, true);
    stage.settle('net', []);
    expect(await linux.retire(image, stage), story).toBe(true);
  }
  await linux.close();
  expect(await quiet(before), story).toEqual([]);
  expect(existsSync('/run/vimage'), story).toBe(false);
}

describe.skipIf(needRoot.missing)(`after kill -9${needRoot.note}`, () => {
  let back: () => void;
  beforeAll(() => {
    expect(existsSync(fileURLToPath(new URL('../dist/index.js', import.meta.url))), 'build first: tsc -b').toBe(true);
    privateRun();
    back = privateCgroup();
  });
  afterAll(() => back());
  beforeEach(emptyRun);

  it.each(['create', 'remove'])('at any act of %s, gc leaves nothing', { timeout: 240_000 }, async (what) => {
    const before = machine({ marker });
    const total = Number(/^done (\d+)/.exec(scenario(what, -1, 'kill').out)?.[1]);
    expect(total).toBeGreaterThan(10);
    await clean(before, -1);
    for (let at = 0; at < total; at++) {
      expect(scenario(what, at, 'kill').signal, `act ${at}`).toBe('SIGKILL');
      await clean(before, at);
    }
  });

  it('leaves nothing either where an act fails', { timeout: 120_000 }, async () => {
    const before = machine({ marker });
    const total = Number(/^done (\d+)/.exec(scenario('create', -1, 'throw').out)?.[1]);
    expect(total).toBeGreaterThan(10);
    await clean(before, -1);
    for (let at = 0; at < total; at++) {
      const { out } = scenario('create', at, 'throw');
      const look = new LinuxSubstrate();
      const { images = [], damaged } = (await look.load()) ?? {};
      expect(damaged).toEqual([]);
      expect(images.length, `act ${at}: ${out}`).toBe(out.startsWith('done') ? 1 : 0);
      if (out.startsWith('failed')) expect(existsSync('/run/vimage'), `act ${at}: ${out}`).toBe(false);
      await look.close();
      await clean(before, at);
    }
  });

  it('sixteen at once agree', { timeout: 120_000 }, async () => {
    const before = machine({ marker });
    const all = await Promise.all(Array.from({ length: 16 }, () => new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const one = spawn(process.execPath, [child('crowd')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '';
      let err = '';
      one.stdout.on('data', (data: Buffer) => (out += data.toString()));
      one.stderr.on('data', (data: Buffer) => (err += data.toString()));
      one.on('close', (code) => resolve({ code, out, err }));
    })));
    for (const { code, out, err } of all) {
      expect(err).toBe('');
      expect(code).toBe(0);
      const { made, refused } = JSON.parse(out);
      expect(made + refused).toBe(6);
      expect(made).toBeGreaterThanOrEqual(3);
    }
    expect(await quiet(before)).toEqual([]);
    expect(existsSync('/run/vimage')).toBe(false);
  });
});
