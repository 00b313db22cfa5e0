import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { boot, type Kernel } from '@vimage/core';
import { linux } from '@vimage/linux';
import { vfs } from '@vimage/vfs';
import { vnet } from '@vimage/vnet';
import { vpriv } from '@vimage/vpriv';
import { vproc } from '@vimage/vproc';
import { vuser } from '@vimage/vuser';
import { ran, refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { jail } from '../src/index.ts';

const script = fileURLToPath(new URL('./child/act.mjs', import.meta.url));

describe.skipIf(needRoot.missing)(`commands of one name, and who runs them${needRoot.note}`, () => {
  let dir: string;
  let kernel: Kernel;
  let other: Kernel;
  const start = (): Promise<Kernel> => boot({ substrate: linux(), components: [vuser, vfs, vnet, vproc, vpriv, jail] });
  beforeAll(async () => {
    [kernel, other] = [await start(), await start()];
    await kernel.create(['name', 'stays', 'persist', 'true']);
  });
  beforeEach(() => {
    dir = mkdtempSync(`${tmpdir()}/vimage-hooks-`);
    for (const each of ['usr', 'proc', 'sys', 'tmp']) mkdirSync(`${dir}/root/${each}`, { recursive: true });
    for (const each of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${each}`, `${dir}/root/${each}`);
    writeFileSync(`${dir}/log`, '');
  });
  afterEach(async () => {
    writeFileSync(`${dir}/go`, '');
    for (const { name } of await kernel.list()) if (name !== 'stays') await kernel.destroy(name, { grace: 0 });
    await kernel.gc();
    expect(existsSync('/run/vimage/holds')).toBe(false);
    rmSync(dir, { recursive: true });
  });
  afterAll(async () => {
    await kernel.destroy('stays');
    await other.close();
    await kernel.close();
    expect(existsSync('/run/vimage')).toBe(false);
  });

  const log = (): readonly string[] => readFileSync(`${dir}/log`, 'utf8').split('\n').filter((line) => line !== '');
  const says = (what: string): string => `echo ${what} >> ${dir}/log`;
  const waits = (what: string): string => `${says(what)}; until [ -e ${dir}/go ]; do sleep 0.02; done`;
  const words = (...hooks: readonly string[]): readonly string[] => ['name', 'www', 'persist', 'true', 'vir', 'jail', 'ip4', 'inherit', ...hooks];
  const tree = (...hooks: readonly (readonly [string, string])[]): Parameters<Kernel['up']>[0] => [{ name: 'www', pairs: [['vir', 'jail'], ['ip4', 'inherit'], ...hooks], children: [] }];
  const state = async (): Promise<string | undefined> => (await kernel.list()).find(({ name }) => name === 'www')?.state;

  it.each(['exec.prestart', 'exec.created', 'exec.poststart'])('who makes what another is making is told so, and runs none: %s', async (hook) => {
    const hooks = ['exec.poststop', says('poststop')];
    const first = kernel.create(words(hook, waits('first'), ...hooks));
    await expect.poll(log, { timeout: 20_000 }).toEqual(['first']);
    expect(await refusal(other.create(words('exec.prestart', says('second'), ...hooks)))).toMatchObject({ code: 'EEXIST', subject: 'www' });
    writeFileSync(`${dir}/go`, '');
    await first;
    expect(log()).toEqual(['first']);
    await other.destroy('www');
    expect(log()).toEqual(['first', 'poststop']);
  });

  it('of two who make it at the same time one does, and only his commands run', async () => {
    const both = await Promise.allSettled([kernel, other].map((each) => each.create(words('exec.prestart', says('prestart'), 'exec.poststop', says('poststop')))));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(log()).toEqual(['prestart']);
    expect(await state()).toBe('live');
  });

  it.each(['exec.prestop', 'exec.poststop'])('who removes what another is removing waits, and runs none; nor is it made meanwhile: %s', async (hook) => {
    const said = (each: string): readonly string[] => [each, each === hook ? waits(each) : says(each)];
    await kernel.create(words(...said('exec.prestop'), 'exec.stop', 'true', ...said('exec.poststop')));
    const first = kernel.destroy('www', { grace: 0 });
    await expect.poll(log, { timeout: 20_000 }).toContain(hook);
    const second = hook === 'exec.prestop' ? other.destroy('www') : other.create(words());
    const code = refusal(second);
    if (hook === 'exec.poststop') expect(await code).toMatchObject({ code: 'EEXIST' });
    writeFileSync(`${dir}/go`, '');
    expect((await first).removed).toEqual(['www']);
    if (hook === 'exec.prestop') expect(await code).toMatchObject({ code: 'ESRCH' });
    expect(log()).toEqual(['exec.prestop', 'exec.poststop']);
  });

  it('who removes one around waits for those inside, and what is made inside meanwhile is stopped, too', async () => {
    await kernel.create(['name', 'a', 'children.max', '4', 'vir', 'jail', 'ip4', 'inherit', 'exec.prestop', waits('a')]);
    const inside = (name: string): readonly string[] => ['name', `a.${name}`, 'persist', 'true', 'vir', 'jail', 'ip4', 'inherit', 'exec.prestop', says(name)];
    await kernel.create(inside('b'));
    const first = kernel.destroy('a', { grace: 0 });
    await expect.poll(log, { timeout: 20_000 }).toEqual(['b', 'a']);
    const second = refusal(other.destroy('a.b', { grace: 0 }));
    await other.create(inside('c'));
    writeFileSync(`${dir}/go`, '');
    expect([...(await first).removed].sort()).toEqual(['a', 'a.b', 'a.c']);
    expect(await second).toMatchObject({ code: 'ESRCH' });
    expect(log()).toEqual(['b', 'a', 'c']);
  });

  it.each(['false', 'true'])('a command that removes its own image is refused, and ends; exec.clean %s', async (clean) => {
    const destroy = `${process.execPath} ${script} -2 destroy ${dir} 2>> ${dir}/log`;
    await kernel.create(words('exec.clean', clean, 'exec.prestop', destroy, 'exec.poststop', destroy));
    expect((await kernel.destroy('www')).notes.map((note) => note.slice(0, 13))).toEqual(['exec.prestop ', 'exec.poststop']);
    expect(log().join('\n')).toMatch(/"www" is being made or removed .* it runs as exec\.prestop of "www"/);
    expect(await refusal(kernel.create(words('exec.poststart', destroy)))).toMatchObject({ code: 'EIO', subject: 'exec.poststart' });
    expect(log().join('\n')).toContain('exec.poststart of "www"');
    expect(await state()).toBeUndefined();
  });

  it('a command may make and remove other images', async () => {
    const act = (verb: string): string => `${process.execPath} ${script} -2 ${verb} ${dir}/root 2>> ${dir}/log`;
    await kernel.create(['name', 'db', 'persist', 'true', 'vir', 'jail', 'ip4', 'inherit', 'exec.prestart', act('create'), 'exec.prestop', act('destroy')]);
    expect(await state()).toBe('live');
    await kernel.destroy('db');
    expect(await state()).toBeUndefined();
  });

  it('what is not started to the end, as whoever made it was killed, is said to be so, and made anew', async () => {
    const maker = spawn(process.execPath, [script, '-2', 'create', `${dir}/root`, 'exec.created', waits('created'), 'exec.poststop', says('poststop')], { stdio: 'ignore' });
    await expect.poll(log, { timeout: 20_000 }).toEqual(['created']);
    expect(await state()).toBe('starting');
    maker.kill('SIGKILL');
    await once(maker, 'exit');
    expect(await state()).toBe('unstarted');
    await kernel.gc();
    expect(await state()).toBe('unstarted');
    await kernel.set('www', ['vir', 'jail', 'exec.prestop', says('prestop')]);
    expect(await state()).toBe('unstarted');
    writeFileSync(`${dir}/go`, '');
    const steps = await other.up(tree(['exec.poststart', says('up')]));
    expect(steps).toMatchObject([{ name: 'www', action: 'replaced', detail: [expect.stringContaining('killed before it had started')] }]);
    expect(log()).toEqual(['created', 'prestop', 'poststop', 'up']);
    expect(await state()).toBe('live');
    expect((await kernel.up(tree(['exec.poststart', says('up')]))).map(({ action }) => action)).toEqual(['kept']);
  });

  it('up waits for who is making it, and keeps it', async () => {
    const first = kernel.create(words('exec.created', waits('created')));
    await expect.poll(log, { timeout: 20_000 }).toEqual(['created']);
    const second = other.up(tree(['exec.created', waits('created')]));
    writeFileSync(`${dir}/go`, '');
    await first;
    expect((await second).map(({ action }) => action)).toEqual(['kept']);
    expect(log()).toEqual(['created']);
  });

  it.each(['exec.prestart', 'exec.prestop'])('what takes too long outside is ended with all that it has started: %s', async (hook) => {
    const made = kernel.create(words(hook, `sleep 829 & sleep 828; ${says('after')}`, 'exec.timeout', '300ms'));
    if (hook === 'exec.prestart') expect(await refusal(made)).toMatchObject({ code: 'ETIMEDOUT', subject: hook });
    else {
      await made;
      expect((await kernel.destroy('www')).notes).toMatchObject([expect.stringContaining('not done after 0.3 s')]);
    }
    await expect.poll(() => ran('pgrep', ['-f', '^sleep 82[89]']).out).toBe('');
    expect(log()).toEqual([]);
  });

  it.each(['sleep 826 & sleep 825', '(sleep 826 &); sleep 825'])('in an image around as well: %s', async (command) => {
    await kernel.create(['name', 'a', 'children.max', '2', 'vir', 'jail', 'ip4', 'inherit']);
    const made = kernel.create(['name', 'a.www', 'vir', 'jail', 'ip4', 'inherit', 'exec.prestart', command, 'exec.timeout', '300ms']);
    expect(await refusal(made)).toMatchObject({ code: 'ETIMEDOUT' });
    await expect.poll(() => ran('pgrep', ['-f', '^sleep 82[56]']).out).toBe('');
  });

  it('Ctrl-C ends what runs outside as well', async () => {
    const maker = spawn(process.execPath, [script, '-2', 'create', `${dir}/root`, 'exec.prestart', `${says('prestart')}; sleep 827`], { stdio: 'ignore' });
    await expect.poll(log, { timeout: 20_000 }).toEqual(['prestart']);
    await expect.poll(() => ran('pgrep', ['-f', '^sleep 827']).out).not.toBe('');
    maker.kill('SIGINT');
    expect((await once(maker, 'exit'))[1]).toBe('SIGINT');
    await expect.poll(() => ran('pgrep', ['-f', '^sleep 827']).out).toBe('');
  });

  it('an image without commands takes no hold', async () => {
    await kernel.create(['name', 'www', 'vir', 'proc']);
    expect(await state()).toBe('live');
    expect(ran('ls', ['/run/vimage/img/www']).out).not.toContain('starting');
  });
});
