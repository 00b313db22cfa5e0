import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, tools, type Lab } from './lab.ts';

describe.skipIf(needRoot.missing)(`denied names${needRoot.note}`, () => {
  let at: Lab;
  let n = 0;
  beforeAll(async () => {
    at = await lab();
  });
  afterAll(() => at.close());

  /** A directory of the host's, with a secret. */
  function home(more: Readonly<Record<string, string>> = {}): string {
    const dir = `${at.dir}/home${++n}`;
    at.files(Object.fromEntries(Object.entries({ secret: 'SECRET', 'sub/key.pem': 'SECRET', 'sub/code': 'fine', plain: 'fine', ...more }).map(([name, text]) => [`home${n}/${name}`, text])));
    return dir;
  }
  const all = 'find /h -type f -exec cat {} + 2>/dev/null; find -L /h -maxdepth 3 -type f -exec cat {} + 2>/dev/null';
  const box = async (dir: string, deny: string, how: 'ro' | 'bind' = 'ro'): Promise<string> => {
    const name = `box${++n}`;
    await at.create(name, 'vir', 'fs', ...tools, how, `/h=${dir}`, ...(deny === '' ? [] : ['deny', deny]));
    return name;
  };

  test('a file, a directory and a pattern are not there', async () => {
    const dir = home();
    expect(at.sh(await box(dir, ''), all).out).toContain('SECRET');
    const name = await box(dir, '/h/secret,/h/**/*.pem');
    expect(at.sh(name, all).out).toBe('finefine'.repeat(2));
    expect(at.sh(name, 'cat /h/secret; cat /h/sub/../secret; cat /h/./sub/key.pem; ls /h /h/sub').out).toBe('/h:\nplain\nsub\n\n/h/sub:\ncode\n');
    expect(at.sh(await box(dir, '/h/sub'), 'ls /h').out).toBe('plain\nsecret\n');
  });

  test.each(['ro', 'bind'] as const)('in what was given by %s nor is what the host makes there later, or puts in its place', async (how) => {
    const dir = home();
    const name = await box(dir, '/h/secret,/h/later,/h/sub/*.pem', how);
    const without = await box(dir, '', how);
    expect(at.sh(name, all).out).toBe('finefine'.repeat(2));
    writeFileSync(`${dir}/later`, 'SECRET');
    writeFileSync(`${dir}/sub/more.pem`, 'SECRET');
    // As an editor saves, which takes away whatever was mounted over the old file.
    writeFileSync(`${dir}/new`, 'SECRET');
    renameSync(`${dir}/new`, `${dir}/secret`);
    renameSync(`${dir}/sub`, `${dir}/moved`);
    mkdirSync(`${dir}/sub`);
    writeFileSync(`${dir}/sub/key.pem`, 'SECRET');
    expect(at.sh(name, all).out).not.toContain('SECRET');
    expect(at.sh(name, 'cat /h/secret /h/later /h/sub/key.pem /h/sub/more.pem /h/moved/key.pem').out).toBe('');
    expect(at.sh(without, all).out).toContain('SECRET');
    expect(readdirSync(dir).sort()).toEqual(['later', 'moved', 'plain', 'secret', 'sub']);
  });

  test('who may write can change what is there, and make none of these names', async () => {
    const dir = home();
    const name = await box(dir, '/h/secret,/h/later', 'bind');
    expect(at.sh(name, 'echo x >/h/later').err).toContain('No space');
    expect(at.sh(name, 'echo x >/h/secret').status).not.toBe(0);
    expect(at.sh(name, 'echo new >/h/plain && echo new >/h/sub/made && mkdir /h/sub/dir').status).toBe(0);
    expect(readFileSync(`${dir}/plain`, 'utf8')).toBe('new\n');
    expect(readFileSync(`${dir}/secret`, 'utf8')).toBe('SECRET');
    expect(readdirSync(`${dir}/sub`).sort()).toEqual(['code', 'dir', 'key.pem', 'made']);
    expect(at.sh(name, 'mv /h/sub /h/plain2; rm -rf /h/sub; umount /h; cat /h/secret').out, 'nor can its root take the names back').toBe('');
  });

  test('a link is denied with what it leads to, and what is behind a link', async () => {
    const dir = home();
    symlinkSync('sub/key.pem', `${dir}/link`);
    symlinkSync('sub', `${dir}/dir`);
    expect(at.sh(await box(dir, ''), 'cat /h/link /h/dir/key.pem').out).toBe('SECRETSECRET');
    expect(at.sh(await box(dir, '/h/link'), 'cat /h/link /h/dir/key.pem /h/sub/key.pem; readlink /h/link').out).toBe('');
    expect(at.sh(await box(dir, '/h/dir/key.pem'), 'cat /h/link /h/dir/key.pem /h/sub/key.pem; cat /h/dir/code').out).toBe('fine');
  });

  test('an entry that becomes a link before the view is made leads nowhere', async () => {
    const dir = home({ 'a/file': 'fine' });
    const outside = at.files({ 'outside/file': 'SECRET' });
    const name = await box(dir, '/h/secret');
    rmSync(`${dir}/a`, { recursive: true });
    symlinkSync(outside.slice(0, -5), `${dir}/a`);
    expect(at.sh(name, 'ls -A /h; cat /h/a/file').out).toBe('plain\nsub\n');
  });

  test('in an overlay', async () => {
    const base = home({ 'proc/': '', 'etc/x': '', 'secret2': 'SECRET' });
    const name = `box${++n}`;
    await at.create(name, 'vir', 'fs', 'root', base, 'overlay', 'throw-away', ...tools, 'deny', '/secret,/later');
    expect(at.sh(name, 'cat /secret /later; cat /secret2').out).toBe('SECRET');
    writeFileSync(`${base}/later`, 'SECRET');
    expect(at.sh(name, 'cat /secret /later; rmdir /later; mv /later /x; cat /x /later; cat /secret2').out).toBe('SECRET');
    writeFileSync(`${base}/new`, 'SECRET');
    renameSync(`${base}/new`, `${base}/secret`);
    expect(at.sh(name, 'rm -f /secret; mv /secret /x; cat /secret /x /later').out).toBe('');
    const late = `box${++n}`;
    rmSync(`${base}/later`);
    await at.create(late, 'vir', 'fs', 'root', base, 'overlay', 'throw-away', ...tools, 'deny', '/later');
    writeFileSync(`${base}/later`, 'SECRET');
    expect(at.sh(late, 'cat /later'), 'made before the view was: nobody enters').toMatchObject({ status: 125, out: '' });
    expect(readdirSync(base).sort()).toEqual(['etc', 'later', 'plain', 'proc', 'secret', 'secret2', 'sub']);
  });

  test('set denies more, for who enters from then on', async () => {
    const dir = home();
    const name = await box(dir, '');
    expect(at.sh(name, 'cat /h/secret').out).toBe('SECRET');
    const { notes } = await at.kernel.set(name, ['vir', 'fs', 'deny', '/h/secret']);
    expect(notes).toEqual([expect.stringContaining('keep the file system they have')]);
    expect(at.sh(name, 'cat /h/secret').out).toBe('');
    await at.kernel.set(name, ['vir', 'fs', 'deny', '']);
    expect(at.sh(name, 'cat /h/secret').out).toBe('SECRET');
  });

  test('mask covers what is there, and cannot be taken off', async () => {
    const dir = home();
    const name = `box${++n}`;
    await at.create(name, 'vir', 'fs', ...tools, 'bind', `/h=${dir}`, 'mask', '/h/secret,/h/sub,/h/none');
    expect(at.sh(name, 'cat /h/secret; ls -A /h/sub; rm /h/secret; mv /h/secret /h/x; cat /h/x; echo y >/h/secret; ls /h').out).toBe('plain\nsecret\nsub\n');
    expect(readFileSync(`${dir}/secret`, 'utf8')).toBe('SECRET');
  });

  test('a child of an image with its own file system gets nothing from outside of it', async () => {
    await at.create('up', 'children.max', '2', 'vir', 'fs', ...tools);
    for (const pairs of [['ro', '/etc'], ['bind', '/tmp'], ['root', 'host'], ['root', at.dir]]) {
      expect(await refusal(at.create('up.down', 'vir', 'fs', ...pairs))).toMatchObject({ code: 'EOPNOTSUPP', subject: pairs[0] });
    }
    await at.create('up.down');
    expect(at.sh('up.down', 'cat /etc/passwd; ls /').out).toBe(at.sh('up', 'ls /').out);
  });
});
