import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boot, type Kernel } from '@vimage/core';
import { imgexecPath, linux, type LinuxSubstrate } from '@vimage/linux';
import { vfs } from '@vimage/vfs';
import { vnet } from '@vimage/vnet';
import { vpriv } from '@vimage/vpriv';
import { vproc } from '@vimage/vproc';
import { vuser } from '@vimage/vuser';
import { ran } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { jail } from '../src/index.ts';

const script = fileURLToPath(new URL('./child/act.mjs', import.meta.url));

describe.skipIf(needRoot.missing)(`whoever makes, changes or removes a jail is killed${needRoot.note}`, () => {
  let kernel: Kernel;
  let substrate: LinuxSubstrate;
  let dir: string;
  beforeAll(async () => {
    substrate = linux();
    kernel = await boot({ substrate, components: [vuser, vfs, vnet, vproc, vpriv, jail] });
    dir = mkdtempSync(`${tmpdir()}/vimage-jail-`);
    for (const each of ['usr', 'proc', 'sys', 'tmp']) mkdirSync(`${dir}/www/${each}`, { recursive: true });
    for (const each of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${each}`, `${dir}/www/${each}`);
    // What is made with the first image, and goes with the last, is there all the time.
    await kernel.create(['name', 'other', 'persist', 'true', 'vir', 'proc']);
  });
  afterAll(async () => {
    await kernel.destroy('other', { grace: 0 });
    await kernel.close();
    rmSync(dir, { recursive: true });
  });

  const act = (n: number, verb: string, ...words: readonly string[]): { readonly out: string; readonly signal: boolean } => {
    const { status, out, err } = ran(process.execPath, [script, String(n), verb, `${dir}/www`, ...words]);
    if (status !== null && status !== 0) throw new Error(err);
    return { out, signal: status === null };
  };
  const acts = (verb: string, ...words: readonly string[]): readonly string[] => JSON.parse(act(-1, verb, ...words).out) as readonly string[];
  const pins = async (): Promise<number> => (await substrate.pinner()).list().length;

  it('making leaves a jail, whole, or nothing; removing nothing; and outside, commands are begun at most once', { timeout: 240_000 }, async () => {
    const words = ['exec.poststart', `echo up >> ${dir}/log`, 'exec.prestart', `echo first >> ${dir}/log`] as const;
    const [before, names] = [await pins(), acts('create', ...words)];
    const seen = new Set<string>();
    for (let n = 0; n < names.length; n++) {
      writeFileSync(`${dir}/log`, '');
      expect(act(n, 'create', ...words).signal).toBe(true);
      await kernel.gc();
      expect(['', 'first\n', 'first\nup\n']).toContain(readFileSync(`${dir}/log`, 'utf8'));
      const there = (await kernel.list()).some(({ name }) => name === 'www');
      seen.add(there ? 'whole' : 'nothing');
      if (there) {
        expect(ran(imgexecPath(), ['www', '--', 'sh', '-c', 'hostname; id -u']).out, `killed at act ${n}, ${names[n]}`).toBe('one\n0\n');
        act(n % 14, 'destroy');
        await kernel.gc();
        if ((await kernel.list()).some(({ name }) => name === 'www')) await kernel.destroy('www', { grace: 0 });
      }
      expect(await pins(), `killed at act ${n}, ${names[n]}`).toBe(before);
    }
    expect([...seen].sort()).toEqual(['nothing', 'whole']);
  });

  it('a change is made, or not', { timeout: 240_000 }, async () => {
    act(-2, 'create');
    const change = ['allow.raw_sockets', 'true', 'securelevel', '0', 'host.hostname', 'two'];
    const names = acts('set', ...change);
    await kernel.destroy('www', { grace: 0 });
    const seen = new Set<string>();
    for (let n = names.findIndex((name) => name === 'unlink' || name === 'create'); n < names.length; n += 2) {
      act(-2, 'create');
      expect(act(n, 'set', ...change).signal).toBe(true);
      await kernel.gc();
      const asked = (await kernel.get('www')).some(([key, value]) => key === 'allow.raw_sockets' && value === 'true');
      expect(ran(imgexecPath(), ['www', '--', 'hostname']).out, `killed at act ${n}, ${names[n]}`).toBe(asked ? 'two\n' : 'one\n');
      const bits = BigInt(`0x${/CapBnd:\s*(\w+)/.exec(ran(imgexecPath(), ['www', '--', 'cat', '/proc/self/status']).out)?.[1] ?? ''}`);
      expect((bits >> 13n & 1n) === 1n, `killed at act ${n}, ${names[n]}`).toBe(asked);
      seen.add(String(asked));
      await kernel.destroy('www', { grace: 0 });
    }
    expect([...seen].sort()).toEqual(['false', 'true']);
  });
});
