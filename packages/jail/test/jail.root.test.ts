import { closeSync, constants, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { boot, type Kernel } from '@vimage/core';
import { imgexecPath, linux, type LinuxSubstrate } from '@vimage/linux';
import { vfs } from '@vimage/vfs';
import { ipc } from '@vimage/vipc';
import { vnet } from '@vimage/vnet';
import { vpriv } from '@vimage/vpriv';
import { vproc } from '@vimage/vproc';
import { vuser } from '@vimage/vuser';
import { ran, refusal, type Ran } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { jail } from '../src/index.ts';

describe.skipIf(needRoot.missing)(`a jail on the kernel${needRoot.note}`, () => {
  let kernel: Kernel;
  let substrate: LinuxSubstrate;
  let dir: string;
  let root: string;
  const start = async (): Promise<Kernel> => {
    substrate = linux();
    return boot({ substrate, components: [vuser, vfs, vnet, ipc, vproc, vpriv, jail] });
  };
  beforeAll(async () => {
    kernel = await start();
    dir = mkdtempSync(`${tmpdir()}/vimage-jail-`);
    root = `${dir}/www`;
    for (const each of ['usr', 'dev', 'proc', 'sys', 'tmp', 'etc']) mkdirSync(`${root}/${each}`, { recursive: true });
    for (const each of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${each}`, `${root}/${each}`);
  });
  afterEach(async () => {
    for (const { name } of await kernel.list()) if (!name.includes('.')) await kernel.destroy(name, { grace: 0 });
    expect((await substrate.pinner()).list()).toEqual([]);
    rmSync(`${dir}/log`, { force: true });
  });
  afterAll(async () => {
    rmSync(dir, { recursive: true });
    await kernel.close();
  });

  const jailed = (...words: readonly string[]): readonly string[] => ['vir', 'jail', 'path', root, 'mount', '/usr /usr nullfs ro', ...words];
  const run = (name: string, script: string): Ran => ran(imgexecPath(), [name, '--', 'sh', '-c', script]);
  const log = (): readonly string[] => readFileSync(`${dir}/log`, 'utf8').trim().split('\n');
  const says = (what: string): string => `echo ${what} >> ${dir}/log`;

  it('has its own root, processes and names, and few rights', async () => {
    await kernel.create(['name', 'www', ...jailed('ip4', 'inherit', 'mount.devfs', 'true', 'host.hostname', 'www.example.org', 'host.domainname', 'nis')]);
    expect(run('www', 'hostname; cat /proc/sys/kernel/domainname; ls / | tr "\\n" " "; echo $$; ls /home 2>&1 | wc -l; hostname x 2>&1; echo > /dev/null && echo dev')).toMatchObject({
      status: 0, out: expect.stringMatching(/^www\.example\.org\nnis\nbin dev etc lib lib64 proc sbin sys tmp usr \d\n1\nhostname: .*\ndev\n$/),
    });
    expect(hostname()).not.toBe('www.example.org');
    expect((await kernel.info('www')).slots.filter(({ kind }) => kind === 'own').map(({ component }) => component)).toEqual(['fs', 'proc', 'priv', 'jail']);
  });

  it('has System V IPC of its own, that around it, or none', async () => {
    await kernel.create(['name', 'own', ...jailed('ip4', 'inherit', 'mount.devfs', 'true', 'sysvshm', 'new')]);
    await kernel.create(['name', 'none', ...jailed('ip4', 'inherit', 'sysvshm', 'disable')]);
    await kernel.create(['name', 'around', ...jailed('ip4', 'inherit', 'sysvshm', 'inherit')]);
    const made = run('around', 'ipcmk -M 100').out.match(/\d+/)?.[0] ?? '';
    try {
      expect(run('own', 'ipcmk -M 100').status).toBe(0);
      expect(['own', 'around'].map((name) => run(name, 'ipcs -m | grep -c 0x').out.trim())).toEqual(['1', '1']);
      expect(run('own', `ipcrm -m ${made === '0' ? '1' : made}`).status).not.toBe(0);
      expect(run('none', 'ipcmk -M 100')).toMatchObject({ status: 1, err: expect.stringMatching(/not implemented/) });
    } finally {
      expect(run('around', `ipcrm -m ${made}`).status).toBe(0);
    }
  });

  it('is found and changed by another process, and what is tried and refused is as before', async () => {
    await kernel.create(['name', 'www', 'persist', 'true', ...jailed('ip4', 'inherit', 'host.hostname', 'one')]);
    await kernel.close();
    kernel = await start();
    expect((await kernel.set('www', ['vir', 'jail', 'host.hostname', 'two', 'securelevel', '1'])).changed).toEqual(['jail.host.hostname', 'jail.securelevel']);
    expect(run('www', 'hostname').out).toBe('two\n');
    expect(await refusal(kernel.set('www', ['vir', 'jail', 'host.hostname', 'three', 'securelevel', '0']))).toMatchObject({ code: 'EPERM' });
    expect(await refusal(kernel.set('www', ['vir', 'jail', 'host.hostname', 'three', 'ip4.addr', 'nosuch0|10.0.0.1/24', 'vnet.interface', 'x']))).toMatchObject({ code: 'EINVAL' });
    expect(run('www', 'hostname').out).toBe('two\n');
    expect(await refusal(kernel.set('www', ['vir', 'jail', 'path', '/']))).toMatchObject({ code: 'EROFS' });
    expect(await kernel.get('www')).toContainEqual(['host.hostname', 'two']);
  });

  it('has an address of its own on an interface of those around, and no other', async () => {
    await kernel.create(['name', 'host', 'children.max', '2', 'vir', 'net', 'veth', 'em0=parent:jailtest0', 'addr', 'em0=10.91.0.1/24']);
    await kernel.create(['name', 'host.www', ...jailed('ip4.addr', 'em0|10.91.0.5/24')]);
    expect(run('host.www', 'ip -br -4 addr; ip -br -6 addr').out.replace(/ +/g, ' ')).toMatch(/^lo UNKNOWN 127\.0\.0\.1\/8 \nem0@if2 (UP|UNKNOWN) 10\.91\.0\.5\/24 \n$/);
    await kernel.set('host.www', ['vir', 'jail', 'ip4.addr', 'em0|10.91.0.6/24']);
    expect(run('host.www', 'ip -br -4 addr show em0').out).toContain('10.91.0.6/24');
  });

  it('configures the stack that is its own, unless the level forbids', async () => {
    await kernel.create(['name', 'a', ...jailed('vnet', 'true')]);
    expect(run('a', 'ip link add br0 type bridge').status).toBe(0);
    await kernel.create(['name', 'b', ...jailed('vnet', 'true', 'securelevel', '3')]);
    expect(run('b', 'ip link add br0 type bridge').status).not.toBe(0);
    expect(await refusal(kernel.set('b', ['vir', 'jail', 'allow.routing', 'true']))).toMatchObject({ code: 'EINVAL', subject: 'allow.routing' });
  });

  it('makes no images where that would give back what it may not', async () => {
    const images = ['vir', 'priv', 'allow.images', 'true'];
    expect(await refusal(kernel.create(['name', 'a', ...jailed('ip4', 'inherit', 'allow.mount', 'false', ...images)]))).toMatchObject({ code: 'EINVAL', subject: 'allow.images', message: expect.stringContaining('allow.mount') });
    await kernel.create(['name', 'a', ...jailed('ip4', 'inherit', 'securelevel', '1', ...images)]);
    expect(await refusal(kernel.set('a', ['vir', 'jail', 'securelevel', '3']))).toMatchObject({ code: 'EINVAL', subject: 'allow.images', hint: expect.stringContaining('securelevel') });
    expect((await kernel.lookup('a')).name).toBe('a');
  });

  it('a jail in a jail has no lower level, and nothing that the one around has not', async () => {
    await kernel.create(['name', 'a', 'children.max', '4', 'vir', 'jail', 'ip4', 'inherit', 'securelevel', '1']);
    expect(await refusal(kernel.create(['name', 'a.b', 'vir', 'jail', 'ip4', 'inherit', 'securelevel', '0']))).toMatchObject({ code: 'EPERM', message: expect.stringContaining('"a"') });
    expect(await refusal(kernel.create(['name', 'a.b', 'vir', 'jail', 'ip4', 'inherit', 'allow.raw_sockets', 'true']))).toMatchObject({ code: 'EPERM' });
    await kernel.create(['name', 'a.b', 'vir', 'jail', 'ip4', 'inherit']);
    expect(await refusal(kernel.set('a.b', ['vir', 'jail', 'securelevel', '-1']))).toMatchObject({ code: 'EPERM' });
  });

  it('runs its commands where and when they belong, those outside a jail in a jail in the one around', async () => {
    const hooks = ['exec.prestart', says('prestart'), 'exec.created', says('created'), 'exec.start', 'echo start $(hostname) >> /tmp/log', 'command', 'echo command >> /tmp/log',
      'exec.poststart', `cat ${root}/tmp/log >> ${dir}/log; ${says('poststart')}`, 'exec.prestop', says('prestop'), 'exec.stop', 'echo stop > /tmp/log', 'exec.poststop', `cat ${root}/tmp/log >> ${dir}/log; ${says('poststop')}`];
    await kernel.create(['name', 'www', ...jailed('ip4', 'inherit', 'host.hostname', 'www', ...hooks)]);
    expect(log()).toEqual(['prestart', 'created', 'start www', 'command', 'poststart']);
    expect((await kernel.destroy('www')).notes).toEqual([]);
    expect(log().slice(5)).toEqual(['prestop', 'stop', 'poststop']);
    rmSync(`${dir}/log`);

    await kernel.create(['name', 'a', 'children.max', '2', 'vir', 'jail', 'ip4', 'inherit', 'host.hostname', 'outer']);
    await kernel.create(['name', 'a.b', 'vir', 'jail', 'ip4', 'inherit', 'host.hostname', 'inner', 'exec.created', `hostname >> ${dir}/log`, 'exec.start', `hostname >> ${dir}/log`]);
    expect(log()).toEqual(['outer', 'inner']);
  });

  it('is not there where a command fails or takes too long, and what was done before is undone', async () => {
    const end = ['exec.poststop', says('poststop')];
    expect(await refusal(kernel.create(['name', 'a', ...jailed('ip4', 'inherit', 'exec.prestart', 'exit 4', 'exec.start', 'true', ...end)]))).toMatchObject({ code: 'EIO', subject: 'exec.prestart', message: expect.stringContaining('exit status 4') });
    expect(await refusal(kernel.create(['name', 'a', ...jailed('ip4', 'inherit', 'exec.start', 'sleep 817 & kill -9 $$', ...end)]))).toMatchObject({ code: 'EIO', subject: 'exec.start' });
    expect(await refusal(kernel.create(['name', 'a', ...jailed('ip4', 'inherit', 'exec.start', 'sleep 818', 'exec.timeout', '200ms', ...end)]))).toMatchObject({ code: 'ETIMEDOUT', subject: 'exec.start' });
    expect(await kernel.list()).toEqual([]);
    expect(log()).toEqual(['poststop', 'poststop', 'poststop']);
    expect(ran('pgrep', ['-f', '^sleep 81[78]']).out).toBe('');
  });

  it('goes although commands at its end fail, which are told', async () => {
    await kernel.create(['name', 'a', ...jailed('ip4', 'inherit', 'exec.prestop', 'exit 1', 'exec.stop', 'exit 2', 'exec.poststop', 'exit 3')]);
    expect((await kernel.destroy('a')).notes.map((note) => /^(\S+) .*status (\d)$/.exec(note)?.slice(1).join(' '))).toEqual(['exec.prestop 1', 'exec.stop 2', 'exec.poststop 3']);
  });

  it('has a clean environment, another user and a log where that is asked for', async () => {
    process.env['VIMAGE_JAIL_TEST'] = 'seen';
    writeFileSync(`${root}/etc/passwd`, 'root:x:0:0::/:/bin/sh\nwww:x:80:80::/tmp:/bin/sh\n');
    const start = ['exec.start', 'echo "$VIMAGE_JAIL_TEST" $(id -u); sleep 0.1'];
    await kernel.create(['name', 'a', ...jailed('ip4', 'inherit', 'exec.consolelog', `${dir}/log`, ...start)]);
    await kernel.create(['name', 'b', ...jailed('ip4', 'inherit', 'exec.consolelog', `${dir}/log`, 'exec.clean', 'true', 'exec.jail_user', 'www', ...start)]);
    expect(readFileSync(`${dir}/log`, 'utf8')).toBe('seen 0\n 80\n');
    Reflect.deleteProperty(process.env, 'VIMAGE_JAIL_TEST');
    symlinkSync(`${dir}/elsewhere`, `${dir}/link`);
    expect(await refusal(kernel.create(['name', 'c', ...jailed('ip4', 'inherit', 'exec.consolelog', `${dir}/link`, ...start)]))).toMatchObject({ code: 'ELOOP', subject: 'exec.consolelog' });
  });

  it('does not lead its log elsewhere, nor keeps whoever makes it waiting', async () => {
    mkdirSync(`${dir}/elsewhere`);
    symlinkSync(`${dir}/elsewhere`, `${root}/tmp/logs`);
    expect(ran('mkfifo', [`${root}/tmp/fifo`]).status).toBe(0);
    const reader = openSync(`${root}/tmp/fifo`, constants.O_RDONLY | constants.O_NONBLOCK);
    const log = (file: string): Promise<unknown> => refusal(kernel.create(['name', 'a', ...jailed('ip4', 'inherit', 'exec.consolelog', `${root}/tmp/${file}`, 'exec.start', 'echo evil')]));
    expect(await log('logs/log')).toMatchObject({ code: 'ELOOP', subject: 'exec.consolelog', hint: expect.stringContaining('realpath') });
    expect(readdirSync(`${dir}/elsewhere`)).toEqual([]);
    expect(await log('fifo')).toMatchObject({ code: 'EINVAL' });
    closeSync(reader);
    expect(await log('fifo')).toMatchObject({ code: 'ENXIO' });
  });

  it('says what its directory lacks, and on whom it depends', async () => {
    mkdirSync(`${dir}/bare`, { recursive: true });
    expect(await refusal(kernel.create(['name', 'a', 'vir', 'jail', 'path', `${dir}/bare`]))).toMatchObject({ code: 'ENOENT', message: expect.stringContaining('/proc nor /sys'), hint: `mkdir ${dir}/bare/proc ${dir}/bare/sys` });
    expect(await refusal(kernel.create(['name', 'a', 'vir', 'jail', 'ip4', 'inherit', 'depend', 'db']))).toMatchObject({ code: 'ESRCH', subject: 'depend' });
  });

  it('is lost where the pin of its name is', async () => {
    await kernel.create(['name', 'a', 'persist', 'true', ...jailed('ip4', 'inherit', 'host.hostname', 'a')]);
    const { serial } = await kernel.lookup('a');
    (await substrate.pinner()).remove(serial, 'uts');
    await kernel.close();
    kernel = await start();
    expect(await refusal(kernel.set('a', ['vir', 'jail', 'host.hostname', 'b']))).toMatchObject({ code: 'ESTALE' });
    expect((await kernel.destroy('a')).removed).toEqual(['a']);
  });
});
