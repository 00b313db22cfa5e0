import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, tools, type Lab } from './lab.ts';

describe.skipIf(needRoot.missing)(`what is given, and nothing else${needRoot.note}`, () => {
  let at: Lab;
  beforeAll(async () => {
    at = await lab();
  });
  afterAll(() => at.close());

  test('an empty root has what was given, and nothing else is visible', async () => {
    const work = at.files({ 'work/a/b': 'deep' });
    await at.create('empty', 'vir', 'fs', ...tools, 'ro', `/w=${path.dirname(path.dirname(work))}`);
    const listed = at.sh('empty', 'find / -path /usr -prune -o -path /dev -prune -o -print 2>/dev/null').out.trim().split('\n');
    const seen = listed.filter((each) => !/^\/(bin|lib|lib64)(\/|$)/.test(each)).sort();
    expect(seen).toEqual(['/', '/etc', '/etc/hosts', '/etc/resolv.conf', '/proc', '/sys', '/w', '/w/a', '/w/a/b']);
    expect(at.run('empty', '/bin/cat', '/w/a/b', '/etc/hosts').out).toBe('deep');
    expect(at.sh('empty', 'ls /etc/passwd /home /root').status).not.toBe(0);
    expect(existsSync('/etc/passwd'), 'it is the image that lacks it').toBe(true);
  });

  test('/dev has those nodes only, and a terminal of its own', async () => {
    await at.create('dev', 'vir', 'fs', ...tools);
    expect(at.sh('dev', 'ls /dev').out.trim().split('\n')).toEqual(['fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero']);
    expect(at.sh('dev', 'ls /dev/pts; echo x >/dev/null && head -c 4 /dev/zero | od -An -tx1').out.trim().split('\n')).toEqual(['ptmx', ' 00 00 00 00']);
    expect(at.sh('dev', 'mknod /disk b 8 0 && cat /disk').err).toMatch(/permitted|denied/i);
    await at.create('nodev', 'vir', 'fs', ...tools, 'dev', 'false');
    expect(at.sh('nodev', 'ls -A /dev').status).not.toBe(0);
  });

  test('ro is read-only, also through another mount; bind is not', async () => {
    at.files({ 'ro/sub/file': 'old', 'rw/file': 'old' });
    await at.create('ro', 'vir', 'fs', ...tools, 'ro', `/ro=${at.dir}/ro,/again=${at.dir}/ro/sub`, 'bind', `/rw=${at.dir}/rw`);
    expect(at.sh('ro', 'echo new >/ro/sub/file').err).toContain('Read-only');
    expect(at.sh('ro', 'echo new >/again/file').err).toContain('Read-only');
    expect(at.sh('ro', 'mount -o remount,rw,bind /ro 2>/dev/null; mount --bind /ro /tmp 2>/dev/null; echo new >/rw/file; echo more >/rw/other').status).toBe(0);
    expect(readFileSync(`${at.dir}/ro/sub/file`, 'utf8')).toBe('old');
    expect(readFileSync(`${at.dir}/rw/file`, 'utf8')).toBe('new\n');
    expect(readdirSync(`${at.dir}/rw`).sort()).toEqual(['file', 'other']);
  });

  test('a set-user-ID file that is planted does not work; with suid it does', async () => {
    at.files({ 'suid/': '' });
    copyFileSync('/usr/bin/id', `${at.dir}/suid/id`);
    chmodSync(`${at.dir}/suid/id`, 0o4755);
    const script = 'setpriv --reuid 1000 --regid 1000 --clear-groups /s/id -u';
    await at.create('nosuid', 'vir', 'fs', ...tools, 'bind', `/s=${at.dir}/suid`);
    expect(at.sh('nosuid', script).out).toBe('1000\n');
    await at.create('suid', 'vir', 'fs', ...tools, 'bind', `/s=${at.dir}/suid`, 'suid', 'true');
    expect(at.sh('suid', script).out).toBe('0\n');
  });

  test('tmpfs has its size, and is the image’s alone', async () => {
    await at.create('tmp', 'vir', 'fs', ...tools, 'tmpfs', '/tmp=1m,/var/deep/er');
    expect(at.sh('tmp', 'head -c 2000000 /dev/zero >/tmp/big').err).toContain('No space');
    expect(at.sh('tmp', 'head -c 900000 /dev/zero >/tmp/big && echo x >/var/deep/er/y && stat -c %a /tmp').out).toBe('1777\n');
    expect(existsSync('/tmp/big')).toBe(false);
  });

  test('cwd and umask', async () => {
    await at.create('cwd', 'vir', 'fs', ...tools, 'tmpfs', '/project', 'cwd', '/project', 'umask', '027');
    expect(at.sh('cwd', 'pwd; umask').out).toBe('/project\n0027\n');
  });

  test('a mount point that the host lacks is an error, and is not made', async () => {
    at.files({ 'base/': '' });
    const error = await refusal(at.create('no', 'vir', 'fs', 'root', `${at.dir}/base`, 'dev', 'false', 'bind', `/missing=${at.dir}`));
    expect(error).toMatchObject({ code: 'ENOENT', subject: '/missing', hint: expect.stringContaining(`make ${at.dir}/base/missing`) });
    expect(readdirSync(`${at.dir}/base`)).toEqual([]);
  });

  test('root host is read-only and hides the registry', async () => {
    await at.create('host', 'vir', 'fs', 'root', 'host', 'tmpfs', '/tmp');
    expect(at.sh('host', 'cat /etc/passwd').out).toBe(readFileSync('/etc/passwd', 'utf8'));
    expect(at.sh('host', 'echo x >/etc/passwd-new').err).toContain('Read-only');
    expect(at.sh('host', 'ls -A /run/vimage').out).toBe('');
    expect(readdirSync('/run/vimage').length).toBeGreaterThan(0);
  });

  test('with net and proc: their /proc, /sys and files are in it', async () => {
    await at.create('whole', 'vir', 'fs', ...tools, 'vir', 'net', 'dns', '10.0.0.1', 'vir', 'proc');
    expect(at.sh('whole', 'cat /etc/resolv.conf; ls /sys/class/net; cat /proc/1/comm').out).toBe('nameserver 10.0.0.1\nlo\nimgexec\n');
    const mounts = at.sh('whole', 'cat /proc/self/mountinfo').out.trim().split('\n').map((line) => line.split(' ')[4]);
    expect(mounts).toContain('/usr');
    expect(mounts.filter((each) => each?.startsWith('/run'))).toEqual([]);
  });

  test('exec -e does not enter it; --only fs does', async () => {
    await at.create('eff', 'vir', 'fs', ...tools, 'vir', 'net');
    const run = (...args: readonly string[]): string => spawnSync(`${process.cwd()}/packages/linux/dist/imgexec`, [...args, 'eff', '--', '/bin/sh', '-c', 'ls /etc | wc -l'], { encoding: 'utf8' }).stdout.trim();
    expect(Number(run('-e'))).toBeGreaterThan(5);
    expect(run('--only', 'fs')).toBe('2');
  });

  test('idmap wants users of its own', async () => {
    expect(await refusal(at.create('map', 'vir', 'fs', ...tools, 'idmap', 'true'))).toMatchObject({ code: 'EINVAL', subject: 'idmap' });
  });

  test('what is vimage’s own cannot be given', async () => {
    expect(await refusal(at.create('own', 'vir', 'fs', 'ro', '/x=/run/vimage/img'))).toMatchObject({ code: 'EPERM', subject: '/run/vimage/img' });
  });
});
