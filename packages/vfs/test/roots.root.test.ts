import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, tools, type Lab } from './lab.ts';
import { tar } from './tar.ts';

const act = fileURLToPath(new URL('./child/act.mjs', import.meta.url));
const store = '/var/lib/vimage';
const stored = (): readonly string[] => (existsSync(store) ? readdirSync(store) : []);

describe.skipIf(needRoot.missing)(`roots${needRoot.note}`, () => {
  let at: Lab;
  let before: readonly string[];
  const left = (): readonly string[] => stored().filter((each) => !before.includes(each));
  beforeAll(async () => {
    before = stored();
    at = await lab();
  });
  afterAll(async () => {
    await at.close();
    expect(left()).toEqual([]);
  });

  test('an overlay that is thrown away leaves the root as it was', async () => {
    at.files({ 'base/etc/file': 'old' });
    await at.create('over', 'vir', 'fs', 'root', `${at.dir}/base`, 'overlay', 'throw-away', 'overlay.size', '1m', ...tools);
    expect(at.sh('over', 'echo new >/etc/file; echo x >/made; rm -f /etc/none; cat /etc/file; head -c 3000000 /dev/zero >/big').err).toContain('No space');
    expect(at.sh('over', 'cat /etc/file /made').out, 'one view, as long as the image lives').toBe('new\nx\n');
    expect(readFileSync(`${at.dir}/base/etc/file`, 'utf8')).toBe('old');
    expect(readdirSync(`${at.dir}/base`)).toEqual(['etc']);
  });

  test('an overlay that is kept has its upper directory', async () => {
    at.files({ 'lower/file': 'old', 'kept/': '' });
    await at.create('kept', 'vir', 'fs', 'root', `${at.dir}/lower`, 'overlay', `${at.dir}/kept`, ...tools);
    expect(at.sh('kept', 'echo new >/file; cat /file').out).toBe('new\n');
    await at.kernel.destroy('kept', { grace: 0 });
    expect(readFileSync(`${at.dir}/kept/upper/file`, 'utf8')).toBe('new\n');
    expect(readFileSync(`${at.dir}/lower/file`, 'utf8')).toBe('old');
    await at.create('kept', 'vir', 'fs', 'root', `${at.dir}/lower`, 'overlay', `${at.dir}/kept`, ...tools);
    expect(at.sh('kept', 'cat /file').out).toBe('new\n');
  });

  test('an archive is unpacked for the image alone, and goes with it', async () => {
    writeFileSync(`${at.dir}/root.tar.gz`, gzipSync(tar({ name: 'etc/os-release', content: 'ID=toy\n' }, { name: 'bin/planted', content: 'x', mode: 0o4755 })));
    await at.create('tar', 'vir', 'fs', 'root', `tar:${at.dir}/root.tar.gz`, 'ro', '/usr,/lib,/lib64', 'vir', 'proc');
    expect(at.run('tar', '/usr/bin/cat', '/etc/os-release').out).toBe('ID=toy\n');
    expect(at.run('tar', '/usr/bin/sh', '-c', '/usr/bin/echo y >/written; /usr/bin/ls -A /').out.split('\n')).toEqual(expect.arrayContaining(['bin', 'dev', 'etc', 'proc', 'written']));
    const [dir = '', ...more] = left();
    expect(more).toEqual([]);
    expect(readFileSync(`${store}/${dir}/rootfs/written`, 'utf8')).toBe('y\n');
    for (const each of [store, `${store}/${dir}`]) expect(statSync(each).mode & 0o077, 'nobody else gets to what may be set-user-ID').toBe(0);
    await at.kernel.destroy('tar', { grace: 0 });
    expect(left()).toEqual([]);
  });

  test('what another image shares stays until that is gone', async () => {
    writeFileSync(`${at.dir}/shared.tar`, tar({ name: 'etc/name', content: 'shared' }));
    await at.create('one', 'vir', 'fs', 'root', `tar:${at.dir}/shared.tar`, ...tools);
    await at.create('two', 'vir', 'fs', 'share', 'one');
    await at.kernel.destroy('one', { grace: 0 });
    expect(at.sh('two', 'cat /etc/name')).toMatchObject({ out: 'shared', err: '' });
    await at.kernel.destroy('two', { grace: 0 });
    await at.kernel.gc();
    expect(left()).toEqual([]);
  });

  test('an archive that cannot be unpacked leaves nothing', async () => {
    writeFileSync(`${at.dir}/bad.tar`, tar({ name: 'file', content: 'x' }, { name: '../out', content: 'x' }));
    expect(await refusal(at.create('bad', 'vir', 'fs', 'root', `tar:${at.dir}/bad.tar`))).toMatchObject({ code: 'EINVAL', subject: '../out' });
    expect(await refusal(at.create('bad', 'vir', 'fs', 'root', `tar:${at.dir}/none.tar`))).toMatchObject({ code: 'ENOENT' });
    expect(await refusal(at.create('bad', 'vir', 'fs', 'root', `oci:${at.dir}`))).toMatchObject({ code: 'ENOENT', hint: expect.stringContaining('index.json') });
    expect(left()).toEqual([]);
  });

  test('what a killed creator had unpacked is removed by gc', async () => {
    spawnSync('mkfifo', [`${at.dir}/slow.tar`]);
    const child = spawn(process.execPath, [act, 'slow', `tar:${at.dir}/slow.tar`], { stdio: ['ignore', 'inherit', 'inherit'] });
    await expect.poll(left, { timeout: 10_000 }).toHaveLength(1);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(await at.kernel.gc()).toContainEqual(expect.stringContaining(`the root of "slow"`));
    expect(left()).toEqual([]);
  });

  test('/proc, /sys and /dev that are links in a root lead nowhere outside', async () => {
    at.files({ 'evil/etc/hosts': '', 'evil/etc/resolv.conf': '', 'victim/': '' });
    for (const name of ['proc', 'sys', 'dev']) symlinkSync(`${at.dir}/victim`, `${at.dir}/evil/${name}`);
    const error = await refusal(at.create('evil', 'vir', 'fs', 'root', `${at.dir}/evil`, 'dev', 'true', 'vir', 'proc'));
    expect(error).toMatchObject({ code: 'ENOENT', subject: `${at.dir}/victim` });
    writeFileSync(`${at.dir}/evil.tar`, tar(...['proc', 'sys', 'dev'].map((name) => ({ name, type: '2', target: `${at.dir}/victim/${name}` }))));
    await at.create('fake', 'vir', 'fs', 'root', `tar:${at.dir}/evil.tar`, ...tools, 'vir', 'proc', 'vir', 'net');
    const ran = at.sh('fake', 'stat -f -c %T /proc/self /proc/. ; cat /proc/1/comm');
    expect(ran.out, ran.err).toBe('proc\nproc\nimgexec\n');
    expect(readdirSync(`${at.dir}/victim`)).toEqual([]);
  });

  test('a mount point that is swapped for a link while images are entered never leads out', { timeout: 60_000 }, async () => {
    at.files({ 'swap/point/': '', 'prey/': '', 'payload/marker': 'here' });
    mkdirSync(`${at.dir}/swap/a`);
    const swapper = spawn('sh', ['-c', 'cd "$1/swap"; echo up; while :; do rm -rf point; ln -s "$1/prey" point; rm -f point; mkdir point; done', 'sh', at.dir], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(swapper.stdout, 'data');
    const ways = { in: 0, refused: 0, odd: [] as string[] };
    try {
      for (let i = 0; i < 200; i++) {
        try {
          await at.create(`r${i}`, 'vir', 'fs', 'root', `${at.dir}/swap`, 'dev', 'false', 'bind', `/point=${at.dir}/payload`);
        } catch {
          ways.refused++;
          continue;
        }
        // There is no program in there: that it is looked for is what we want to see.
        const { err } = at.run(`r${i}`, '/point/none');
        if (err.includes('no such program')) ways.in++;
        else if (/E(NOENT|LOOP|NOTDIR|INVAL)/.test(err)) ways.refused++;
        else ways.odd.push(err);
        expect(readdirSync(`${at.dir}/prey`)).toEqual([]);
        await at.kernel.destroy(`r${i}`, { grace: 0 });
      }
    } finally {
      swapper.kill('SIGKILL');
      await once(swapper, 'exit');
    }
    expect(ways.odd).toEqual([]);
    expect(ways.in + ways.refused).toBe(200);
    expect(ways.in, 'and some were entered').toBeGreaterThan(0);
    expect(readdirSync(`${at.dir}/prey`)).toEqual([]);
  });

  test('another process finds the image as it was made', async () => {
    at.files({ 'given/file': 'x' });
    await at.create('found', 'vir', 'fs', ...tools, 'ro', `/g=${at.dir}/given`);
    const other = await lab();
    try {
      await other.kernel.set('found', ['vir', 'fs', 'cwd', '/g']);
      expect(at.sh('found', 'pwd; cat file').out).toBe('/g\nx');
      expect(await other.kernel.get('found')).toEqual(expect.arrayContaining([['vir', 'fs'], ['cwd', '/g']]));
    } finally {
      await other.leave();
    }
  });
});
