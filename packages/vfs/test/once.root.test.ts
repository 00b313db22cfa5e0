import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boot, type Kernel } from '@vimage/core';
import { imgexecPath, linux } from '@vimage/linux';
import { jail } from '@vimage/jail';
import { vlimit } from '@vimage/vlimit';
import { vnet } from '@vimage/vnet';
import { vpriv } from '@vimage/vpriv';
import { vproc } from '@vimage/vproc';
import { vuser } from '@vimage/vuser';
import { ran, refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { vfs } from '../src/index.ts';

const given = ['/usr', '/bin', '/lib', '/lib64', '/sbin'];
const box = ['vir', 'fs', 'ro', given.join(','), 'tmpfs', '/tmp', 'vir', 'user', 'vir', 'priv', 'vir', 'net', 'vir', 'proc'] as const;

describe.skipIf(needRoot.missing)(`an image for one command${needRoot.note}`, () => {
  let kernel: Kernel;
  let dir: string;
  beforeAll(async () => {
    kernel = await boot({ substrate: linux(), components: [vuser, vfs, vnet, vproc, vpriv, vlimit, jail] });
    dir = mkdtempSync(`${tmpdir()}/vimage-once-`);
    chmodSync(dir, 0o755);
    // The first program is started without the launcher, the others by it.
    await (await kernel.once(['vir', 'proc'], 'true')).gone;
  });
  afterAll(async () => {
    rmSync(dir, { recursive: true });
    await kernel.close();
  });

  interface Said { readonly status: number | null; readonly out: string; readonly err: string; readonly notes: readonly string[] }
  const sh = async (pairs: readonly string[], script: string, options: object = {}): Promise<Said> => {
    const { child, gone } = await kernel.once(pairs, 'sh', ['-c', script], options);
    let [out, err] = ['', ''];
    child.stdout?.on('data', (bytes: Buffer) => { out += bytes.toString(); });
    child.stderr?.on('data', (bytes: Buffer) => { err += bytes.toString(); });
    await once(child, 'close');
    return { status: child.exitCode, out, err, notes: await gone };
  };
  const namespaces = (child: ChildProcess | 'self', types: readonly string[]): readonly string[] => types.map((type) => readlinkSync(`/proc/${child === 'self' ? 'self' : child.pid}/ns/${type}`));

  it('has what an image of these pairs has, and is in no registry', async () => {
    const types = ['net', 'pid', 'mnt', 'user'];
    const script = `for t in ${types.join(' ')}; do readlink /proc/self/ns/$t; done; id -u; ls / | grep -v "^etc\\|^run" | tr "\\n" " "; ps ax | wc -l; ip -br link | cut -c1-3; grep -E "^(Cap...|NoNewPrivs|Seccomp):" /proc/self/status; tr -s " " < /proc/self/uid_map; exit 7`;
    const said = await sh(box, script);
    expect(said).toMatchObject({ status: 7, err: '', notes: [] });
    await kernel.create(['name', 'box', ...box]);
    const [mine, theirs] = [said.out.split('\n'), ran(imgexecPath(), ['box', '--', 'sh', '-c', script]).out.split('\n')];
    await kernel.destroy('box');
    const own = namespaces('self', types);
    types.forEach((_, i) => { expect(mine[i]).not.toBe(own[i]); });
    // The users are others, and so are the namespaces; nobody mounts a hosts file or a registry in it.
    expect(mine.slice(types.length, -2)).toEqual(theirs.slice(types.length, -2));
    expect(mine.at(-2)).toMatch(/^ 0 \d{10} 65536$/);
    expect(await kernel.list()).toEqual([]);
  });

  it('is root of its network and no other, and cannot take away what was mounted for it', async () => {
    const said = await sh(['vir', 'user', 'vir', 'net', 'vir', 'fs', 'ro', given.join(','), 'mask', '/usr/share', 'vir', 'proc'], 'ip link add br0 type bridge && echo bridge; umount -l /usr/share 2>&1 || umount /usr 2>&1; mount -t tmpfs none /usr/share 2>&1; ls /usr/share; hostname x 2>&1');
    expect(said.out).toContain('bridge');
    expect(said.out).not.toContain('doc');
    expect(said.out).toMatch(/hostname: /);
  });

  it('gives those outside nothing to see of the plan, and its program no descriptor', async () => {
    expect((await sh(box, 'tr "\\0" " " < /proc/1/cmdline; ls /proc/self/fd | wc -l; ls -l /proc/1/ 2>&1 | grep -c exe.*imgexec; cat /proc/1/environ 2>&1')).out).not.toContain('vimage-plan');
    expect((await sh(box, 'for fd in /proc/self/fd/*; do echo ${fd##*/}; done')).out).toBe('0\n1\n2\n3\n');
    const child = spawn(imgexecPath(), ['--once', '14', 'vimage-plan', '1', 'image', 'once', 'serial', '0', 'steps', '3', 'step', 'new', 'for', 'proc', 'type', 'pid', '--', 'sleep', '100'], { stdio: 'ignore' });
    await expect.poll(() => ran('pgrep', ['-fc', 'sleep 100']).out).not.toBe('0\n');
    child.kill();
    expect((await once(child, 'exit'))[0]).toBe(143);
  });

  it('ends with its command, whatever that has started, and when it is killed', async () => {
    await sh(box, 'sleep 841 > /dev/null 2>&1 & sleep 842 > /dev/null 2>&1 & exit 0');
    expect(ran('pgrep', ['-f', '^sleep 84[12]']).out).toBe('');
    const { child, gone } = await kernel.once(box, 'sh', ['-c', 'sleep 843 & sleep 844; true'], { stdio: 'ignore' });
    await expect.poll(() => ran('pgrep', ['-f', '^sleep 844']).out).not.toBe('');
    child.kill('SIGKILL');
    await gone;
    await expect.poll(() => ran('pgrep', ['-f', '^sleep 84[34]']).out).toBe('');
    const term = await kernel.once(box, 'sh', ['-c', 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'], {});
    await once(term.child.stdout ?? process.stdin, 'data');
    term.child.kill('SIGTERM');
    await term.gone;
    expect(term.child.exitCode).toBe(9);
  });

  it('ends with who started it, if that was asked for', async () => {
    const script = `import { boot } from '@vimage/core'; import { linux } from '@vimage/linux'; import { vproc } from '@vimage/vproc';
      const kernel = await boot({ substrate: linux(), components: [vproc] }); for (let i = 0; i < 2; i++) await kernel.once(['vir', 'proc'], 'sleep', ['85' + i], { stdio: 'ignore', dieWithParent: true });
      console.log('ready'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await expect.poll(() => ran('pgrep', ['-fc', '^sleep 85[01]']).out).toBe('2\n');
    child.kill('SIGKILL');
    await expect.poll(() => ran('pgrep', ['-fc', '^sleep 85[01]']).out).toBe('0\n');
  });

  it('is made, and removed, as any other image where a part of it has to be there beforehand', async () => {
    const cases: readonly (readonly [readonly string[], string, string | RegExp])[] = [
      [['vir', 'net', 'addr', 'lo=10.88.0.1/32'], 'ip -br addr show lo', /10\.88\.0\.1/],
      [['vir', 'proc', 'max', '50'], 'echo $$', /^\d+\n$/],
      [['vir', 'limit', 'memory', '64m'], 'echo in', 'in\n'],
      [['vir', 'jail', 'ip4', 'inherit', 'host.hostname', 'once'], 'hostname', 'once\n'],
      [['vir', 'user', 'vir', 'fs', 'idmap', 'true', 'ro', given.join(',')], 'stat -c %u /usr', '0\n'],
    ];
    for (const [pairs, script, expected] of cases) {
      const { status, out, err } = await sh(pairs, script);
      expect({ status, out, err }).toEqual({ status: 0, out: expect.stringMatching(typeof expected === 'string' ? new RegExp(`^${expected}$`) : expected), err: '' });
      expect(await kernel.list()).toEqual([]);
    }
  });

  it('has limits of processes, another user, folder and environment', async () => {
    writeFileSync(`${dir}/file`, 'x');
    const said = await sh([...box.slice(0, 2), 'ro', [...given, '/etc/passwd'].join(','), 'bind', `/desk=${dir}`, ...box.slice(4), 'vir', 'limit', 'files', '77'], 'id -un; pwd; echo $A $HOME; ulimit -n; cat /desk/file', { user: 'nobody', cwd: '/desk', env: { A: 'b' }, cleanEnv: true });
    expect(said).toMatchObject({ status: 0, out: 'nobody\n/desk\nb /nonexistent\n77\nx' });
  });

  it('is refused before anything is done, for the same reasons as any other', async () => {
    expect(await refusal(kernel.once(['vir', 'fs', 'ro', '/nonesuch'], 'true'))).toMatchObject({ code: 'ENOENT' });
    expect(await refusal(kernel.once(['vir', 'nonesuch'], 'true'))).toMatchObject({ code: 'ENOENT' });
    expect(await refusal(kernel.once(['persist', 'true'], 'true'))).toMatchObject({ code: 'EINVAL' });
    expect(await refusal(kernel.once(['vir', 'proc'], 'true', [], { detach: true }))).toMatchObject({ code: 'EOPNOTSUPP' });
    expect(await sh(['vir', 'fs', 'ro', '/usr'], 'true')).toMatchObject({ status: 127, err: expect.stringContaining('no such program') });
  });

  it('leaves no process behind where its view cannot be made', async () => {
    const plan = ['vimage-plan', '1', 'image', 'x', 'serial', '0', 'steps', '7', 'step', 'new', 'for', 'net', 'type', 'net', 'step', 'bind', 'for', 'fs', 'from', '/nonesuch', 'to', '/tmp'];
    expect(ran(imgexecPath(), ['--once', String(plan.length), ...plan, '--', 'true'])).toMatchObject({ status: 125, err: expect.stringMatching(/ENOENT.*nonesuch/) });
    await expect.poll(() => ran('pgrep', ['-fc', 'from /nonesuch']).out).toBe('0\n');
  });

  it('refuses a plan that is none, and one of a registry that makes namespaces', () => {
    const plan = (...words: readonly string[]): string => ran(imgexecPath(), ['--once', String(words.length), ...words, '--', 'true']).err;
    const head = ['vimage-plan', '1', 'image', 'x', 'serial', '0', 'steps'];
    expect(plan(...head, '4', 'step', 'join', 'for', 'net', 'type', 'net', 'pin', '1/net', 'ino', '4')).toContain('EBADMSG');
    expect(plan(...head, '5', 'step', 'join', 'for', 'net', 'type', 'net', 'pin', '1/net', 'ino', '4')).toMatch(/EBADMSG.*pins/);
    expect(plan(...head.slice(0, -1), 'cgroup', '/nonesuch', 'cgroup.kind', 'v2', 'steps', '0')).toMatch(/EBADMSG.*cgroups/);
    expect(plan(...head, '6', 'step', 'new', 'for', 'net', 'type', 'net', 'step', 'new', 'for', 'a', 'type', 'net')).toMatch(/new twice/);
    expect(plan(...head, '3', 'step', 'new', 'for', 'net', 'type', 'mnt')).toMatch(/cannot be/);
    expect(plan(...head, '3', 'step', 'new', 'for', 'user', 'type', 'user')).toMatch(/cannot be/);
    expect(plan(...head, '5', 'step', 'new', 'for', 'user', 'type', 'user', 'uids', '0 0 1; rm', 'gids', '0 0 1')).toMatch(/value that cannot be/);
    expect(ran(imgexecPath(), ['--once', '99', 'vimage-plan', '--', 'true']).err).toContain('EINVAL');
    expect(ran(imgexecPath(), ['--once', '2', 'vimage-plan', '1', '--', 'true']).err).toContain('EBADMSG');
    expect(readFileSync('/proc/sys/kernel/ostype', 'utf8')).toBe('Linux\n');
  });
});
