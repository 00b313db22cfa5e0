import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImageHandle } from '@vimage/core';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, tools, type Lab } from './lab.ts';

describe.skipIf(needRoot.missing)(`image.fs${needRoot.note}`, () => {
  let at: Lab;
  let box: ImageHandle;
  beforeAll(async () => {
    at = await lab();
    at.files({ 'project/file': 'hello', 'project/sub/deep': 'x', 'outside': 'UNTOUCHED', 'away/kept': 'UNTOUCHED' });
    box = await at.create('box', 'vir', 'fs', ...tools, 'tmpfs', '/tmp', 'bind', `/w=${at.dir}/project`, 'ro', `/r=${at.dir}/project`);
  });
  afterAll(async () => {
    expect(readFileSync(`${at.dir}/outside`, 'utf8')).toBe('UNTOUCHED');
    expect(readdirSync(`${at.dir}/away`)).toEqual(['kept']);
    await at.close();
  });

  test('is the file system that those have who live there', async () => {
    expect(await box.fs.readFile('/w/file', 'utf8')).toBe('hello');
    expect(await box.fs.readFile('w/file')).toEqual(Buffer.from('hello'));
    await box.fs.writeFile('/tmp/made', 'by us', { mode: 0o600 });
    await box.fs.appendFile('/tmp/made', ' both');
    expect(at.sh('box', 'cat /tmp/made; stat -c %a /tmp/made; echo theirs >/tmp/theirs').out).toBe('by us both600\n');
    expect(await box.fs.readFile('/tmp/theirs', 'utf8')).toBe('theirs\n');
    expect((await box.fs.readdir('/')).sort()).toEqual(expect.arrayContaining(['dev', 'tmp', 'w']));
    expect(await box.fs.readdir('/')).not.toContain('root');
    expect((await box.fs.readdir('/w', { withFileTypes: true })).filter((each) => each.isDirectory()).map(({ name }) => name)).toEqual(['sub']);
  });

  test('has the calls of node:fs/promises', async () => {
    const { fs } = box;
    await fs.mkdir('/tmp/a/b/c', { recursive: true });
    await fs.mkdir('/tmp/a/b/c', { recursive: true });
    await fs.mkdir('/tmp/a/d', 0o700);
    await fs.writeFile('/tmp/a/f', '1234');
    await fs.symlink('f', '/tmp/a/l');
    expect(await fs.readlink('/tmp/a/l')).toBe('f');
    expect((await fs.stat('/tmp/a/l')).size).toBe(4);
    expect((await fs.lstat('/tmp/a/l')).isSymbolicLink()).toBe(true);
    expect((await fs.lstat('/')).isDirectory()).toBe(true);
    await fs.chmod('/tmp/a/l', 0o640);
    expect((await fs.stat('/tmp/a/f')).mode & 0o777).toBe(0o640);
    await fs.rename('/tmp/a/f', '/tmp/a/g');
    await fs.link('/tmp/a/g', '/tmp/a/h');
    await fs.copyFile('/tmp/a/g', '/tmp/a/copy');
    expect(await refusal(fs.copyFile('/tmp/a/g', '/tmp/a/copy', constants.COPYFILE_EXCL))).toMatchObject({ code: 'EEXIST' });
    await fs.access('/tmp/a/copy', constants.R_OK);
    await fs.unlink('/tmp/a/h');
    await fs.rmdir('/tmp/a/d');
    expect((await fs.readdir('/tmp/a')).sort()).toEqual(['b', 'copy', 'g', 'l']);
    await using file = await fs.open('/tmp/a/copy', 'r+');
    await file.write('9', 0);
    expect(await fs.readFile('/tmp/a/copy', 'utf8')).toBe('9234');
    await fs.rm('/tmp/a', { recursive: true });
    await fs.rm('/tmp/a', { force: true });
    expect(await refusal(fs.stat('/tmp/a'))).toMatchObject({ code: 'ENOENT', subject: '/tmp/a' });
    expect(await refusal(fs.rm('/tmp/none'))).toMatchObject({ code: 'ENOENT', subject: '/tmp/none' });
    expect(await refusal(fs.writeFile('/r/file', 'x'))).toMatchObject({ code: 'EROFS' });
    expect(await refusal(fs.mkdir('/tmp/..'))).toMatchObject({ code: 'EINVAL' });
  });

  test('is not led out of by ".." or links', async () => {
    const { fs } = box;
    symlinkSync(`${at.dir}/outside`, `${at.dir}/project/abs`);
    symlinkSync('../outside', `${at.dir}/project/rel`);
    symlinkSync(`${at.dir}/away`, `${at.dir}/project/dir`);
    expect(readFileSync(`${at.dir}/project/abs`, 'utf8'), 'on the host they lead there').toBe('UNTOUCHED');
    for (const path of ['/w/../../../../etc/passwd', '/proc/self/root/etc/passwd']) expect(await refusal(fs.readFile(path))).toMatchObject({ code: 'ENOENT' });
    for (const path of ['/w/abs', '/w/rel', '/w/dir/kept', `/../..${at.dir}/outside`]) {
      expect(await refusal(fs.readFile(path))).toMatchObject({ code: expect.stringMatching(/ENOENT|ELOOP/) });
      expect(await refusal(fs.chmod(path, 0o777))).toMatchObject({ code: expect.stringMatching(/ENOENT|ELOOP/) });
    }
    await fs.writeFile('/tmp/mine', 'x');
    await fs.symlink('/tmp/mine', '/w/in');
    expect(await fs.readFile('/w/in', 'utf8'), 'within the image they are followed').toBe('x');
    await fs.rm('/w/dir', { recursive: true });
    await fs.rm('/w/abs');
    await fs.writeFile('/w/rel', 'made inside').catch(() => undefined);
  });

  test('nor by links that come and go', { timeout: 30_000 }, async () => {
    const swapper = spawn('sh', ['-c', 'cd "$1/project"; mkdir real; echo x >real/kept; ln -s "$1/away" link; echo up; while :; do mv -T real t; mv -T link real; mv -T t link; done', 'sh', at.dir], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(swapper.stdout, 'data');
    const read: string[] = [];
    try {
      for (let i = 0; i < 12; i++) {
        await box.fs.readFile('/w/real/kept', 'utf8').then((text) => { read.push(text); }, () => undefined);
        await box.fs.writeFile(`/w/real/n${i}`, 'x').catch(() => undefined);
        await box.fs.rm('/w/real/kept', { recursive: true, force: true }).catch(() => undefined);
      }
    } finally {
      swapper.kill('SIGKILL');
      await once(swapper, 'exit');
    }
    expect(read).not.toContain('UNTOUCHED');
    expect(readdirSync(`${at.dir}/away`)).toEqual(['kept']);
  });

  test('is not kept waiting by a pipe', async () => {
    at.sh('box', 'mkfifo /tmp/pipe');
    expect(await box.fs.readFile('/tmp/pipe', 'utf8')).toBe('');
  });

  test('is gone with the image; of one without "vir fs" it is the host’s', async () => {
    const plain = await at.create('plain');
    writeFileSync(`${at.dir}/host`, 'host');
    expect(await plain.fs.readFile(`${at.dir}/host`, 'utf8')).toBe('host');
    const { fs } = plain;
    await at.kernel.destroy('plain', { grace: 0 });
    expect(await refusal(fs.readFile(`${at.dir}/host`))).toMatchObject({ code: 'ESRCH', subject: 'plain' });
  });
});
