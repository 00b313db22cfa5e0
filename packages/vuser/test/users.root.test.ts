import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { boot, codeOf, type Kernel } from '@vimage/core';
import { imgexecPath, linux, type LinuxSubstrate } from '@vimage/linux';
import { vfs } from '@vimage/vfs';
import { vnet } from '@vimage/vnet';
import { vproc } from '@vimage/vproc';
import { ran, refusal, type Ran } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { vuser } from '../src/index.ts';

/** Whether a process of that number is there, and not a dead one. */
function stands(pid: string): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const noStrace = ran('sh', ['-c', 'command -v strace']).status !== 0;

describe.skipIf(needRoot.missing)(`an image’s own users${needRoot.note}`, () => {
  let kernel: Kernel;
  let substrate: LinuxSubstrate;
  let dir: string;
  beforeAll(async () => {
    substrate = linux();
    kernel = await boot({ substrate, components: [vuser, vfs, vnet, vproc] });
    dir = mkdtempSync(`${tmpdir()}/vimage-users-`);
    chmodSync(dir, 0o755);
  });
  afterEach(async () => {
    for (const { name } of await kernel.list()) if (!name.includes('.')) await kernel.destroy(name, { grace: 0 });
    expect((await substrate.pinner()).list()).toEqual([]);
  });
  afterAll(async () => {
    rmSync(dir, { recursive: true });
    await kernel.close();
  });

  const run = (name: string, script: string, ...options: readonly string[]): Ran => {
    const { status, out, err } = ran(imgexecPath(), [...options, name, '--', 'sh', '-c', script]);
    return { status, out: out.trim(), err: err.trim() };
  };

  it('root inside is nobody outside, with numbers of its own', async () => {
    await kernel.create(['name', 'web', 'vir', 'user']);
    expect(run('web', 'id -u; id -g; id -G; tr -s " " < /proc/self/uid_map; cat /proc/self/setgroups')).toEqual({ status: 0, out: '0\n0\n0\n 0 1879048192 65536\nallow', err: '' });
    mkdirSync(`${dir}/open`);
    chmodSync(`${dir}/open`, 0o777);
    writeFileSync(`${dir}/secret`, 'x', { mode: 0o600 });
    expect(run('web', `touch ${dir}/open/made; cat ${dir}/secret 2>/dev/null || echo refused; kill -0 ${process.pid} 2>/dev/null || echo refused; hostname x 2>/dev/null || echo refused; mount -t tmpfs none ${dir}/open 2>/dev/null || echo refused`).out).toBe('refused\nrefused\nrefused\nrefused');
    expect(statSync(`${dir}/open/made`)).toMatchObject({ uid: 1879048192, gid: 1879048192 });
    expect(run('web', 'id -u', '-u', '33:33').out).toBe('33');
    expect(run('web', 'id -u', '-e').out).toBe('0');
    expect(run('web', 'tr -s " " < /proc/self/uid_map', '-e').out).toBe('0 0 4294967295');
  });

  it('knows users by name, in files of its own that it cannot change, whatever root it has', async () => {
    const names = ['vir', 'user', 'names', 'ann=1000:1000:/tmp,bob=1001:50', 'groups', 'staff=50'];
    await kernel.create(['name', 'host', ...names]);
    await kernel.create(['name', 'own', ...names, 'vir', 'fs', 'ro', '/usr,/bin,/lib,/lib64', 'tmpfs', '/tmp']);
    for (const name of ['host', 'own']) {
      expect(run(name, 'id; cd && pwd', '-u', 'ann').out).toBe('uid=1000(ann) gid=1000(ann) groups=1000(ann)\n/tmp');
      expect(run(name, 'id -un; id -gn', '-u', 'bob').out).toBe('bob\nstaff');
      expect(run(name, 'wc -l < /etc/passwd; (echo x >> /etc/passwd) 2>/dev/null || echo refused; umount /etc/passwd 2>/dev/null || echo refused; id -un 0; cut -d: -f1 /etc/group | tr "\\n" " "').out)
        .toBe('4\nrefused\nrefused\nroot\nroot staff ann nogroup');
      expect(run(name, 'id', '-u', 'carol').status).not.toBe(0);
    }
    await kernel.create(['name', 'none', 'vir', 'user', 'vir', 'fs', 'ro', '/usr,/bin,/lib,/lib64']);
    expect(run('none', 'ls /etc').out).toBe('hosts\nresolv.conf');
    expect((await kernel.get('own')).filter(([key]) => key === 'names')).toEqual([['names', 'ann=1000:1000:/tmp:/bin/sh,bob=1001:50:/:/bin/sh']]);
    expect(await refusal(kernel.set('own', ['vir', 'user', 'names', 'x=1']))).toMatchObject({ code: 'EROFS' });
  });

  it('is root of its own network stack and of no other', async () => {
    await kernel.create(['name', 'web', 'vir', 'user', 'vir', 'net', 'addr', 'lo=10.9.0.1/32', 'vir', 'proc']);
    expect(run('web', 'ip addr add 10.9.0.2/32 dev lo; ip -br addr show lo | tr -s " "; ip link set lo mtu 9000; sysctl -qw net.ipv4.ip_forward=1; cat /proc/sys/net/ipv4/ip_forward')).toMatchObject({ status: 0, out: expect.stringMatching(/10\.9\.0\.2\/32.*\n1$/) });
    await kernel.set('web', ['vir', 'net', 'addr', 'lo=10.9.0.3/32']);
    expect(run('web', 'ip -br addr show lo').out).toContain('10.9.0.3/32');
    await kernel.create(['name', 'other', 'vir', 'user']);
    expect(run('other', 'ip addr add 10.9.0.2/32 dev lo')).toMatchObject({ status: 2, err: expect.stringContaining('Operation not permitted') });
    expect(run('web', 'ip addr add 10.9.0.4/32 dev lo', '-e').status).toBe(0);
  });

  it('has the maps asked for, deny before the groups', async () => {
    await kernel.create(['name', 'web', 'vir', 'user', 'uid', '0=100000:1000,5000=0', 'gid', '0=200000:10', 'setgroups', 'deny']);
    expect(run('web', 'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups | tr -s " "').out).toBe('0 100000 1000\n 5000 0 1\n 0 200000 10\ndeny');
    await kernel.create(['name', 'one', 'vir', 'user', 'uid', '1000=1000']);
    expect(run('one', 'id -u; id -g').out).toBe('1000\n1000');
    expect((await kernel.get('web')).filter(([key]) => key === 'uid')).toEqual([['uid', '0=100000:1000,5000=0']]);
  });

  it('nests: what is inside an image has numbers of that image only', async () => {
    await kernel.create(['name', 'lab', 'children.max', '4', 'vir', 'user', 'range', '1000']);
    await kernel.create(['name', 'lab.in', 'vir', 'user', 'uid', '0=100:10', 'vir', 'net']);
    mkdirSync(`${dir}/nested`);
    chmodSync(`${dir}/nested`, 0o777);
    expect(run('lab.in', `tr -s " " < /proc/self/uid_map; ip link set lo mtu 9000; touch ${dir}/nested/made`)).toEqual({ status: 0, out: '0 100 10', err: '' });
    expect(statSync(`${dir}/nested/made`).uid).toBe(Number(run('lab', 'cat /proc/self/uid_map').out.split(/\s+/)[1]) + 100);
    await kernel.create(['name', 'lab.same', 'vir', 'user']);
    expect(run('lab.same', 'tr -s " " < /proc/self/uid_map').out).toBe('0 0 1000');
    await expect(kernel.create(['name', 'lab.out', 'vir', 'user', 'uid', '0=995:10'])).rejects.toMatchObject({ code: 'EPERM', subject: 'uid', hint: 'there are 0 to 999' });
    expect((await substrate.pinner()).list().filter((pin) => pin.endsWith('/user'))).toHaveLength(3);
    await kernel.create(['name', 'peer', 'vir', 'user', 'share', 'lab']);
    expect(run('peer', 'cat /proc/self/uid_map').out).toBe(run('lab', 'cat /proc/self/uid_map').out);
  });

  it('finds no numbers where not all are there', async () => {
    await kernel.create(['name', 'lab', 'children.max', '4', 'vir', 'user', 'range', '1000']);
    await expect(kernel.create(['name', 'lab.in', 'vir', 'user', 'range', '10'])).rejects.toMatchObject({ code: 'EOPNOTSUPP', subject: 'range' });
    expect((await kernel.list()).map(({ name }) => name)).not.toContain('lab.in');
  });

  it.each(['SIGSTOP', 'SIGKILL'] as const)('its root, with %s for whoever makes users inside, leaves nobody standing there', async (signal) => {
    await kernel.create(['name', 'lab', 'children.max', '64', 'vir', 'user']);
    // Only what stands in its own user namespace can be met by it.
    const hunter = spawn(imgexecPath(), ['lab', '--', process.execPath, '-e', `
      const { readdirSync, writeSync } = require('node:fs');
      const old = new Set(readdirSync('/proc'));
      console.log('up');
      for (const met = new Set();;) for (const pid of readdirSync('/proc')) {
        if (old.has(pid) || !/^\\d+$/.test(pid)) continue;
        try { process.kill(Number(pid), '${signal}'); } catch { continue; }
        if (!met.has(pid)) writeSync(1, 'met ' + pid + '\\n');
        met.add(pid);
      }
    `], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let said = '';
      hunter.stdout.on('data', (data: Buffer) => { said += data.toString(); });
      await expect.poll(() => said, { timeout: 5000 }).toContain('up');
      let refused = '';
      for (let i = 0; i < 60 && refused === ''; i++) {
        await kernel.create(['name', `lab.i${i}`, 'vir', 'user']).catch((error: unknown) => { refused = codeOf(error) ?? String(error); });
        await new Promise((resolve) => { setImmediate(resolve); });
      }
      expect(said).toContain('met');
      expect(['', 'ETIMEDOUT', 'ECHILD', 'ESRCH', 'ENOENT']).toContain(refused);
      const met = [...said.matchAll(/met (\d+)/g)].map(([, pid]) => String(pid));
      await expect.poll(() => met.filter((pid) => stands(pid)), { timeout: 2000 }).toEqual([]);
    } finally {
      hunter.kill('SIGKILL');
    }
  }, 30_000);

  // Stopped where it joins the image's users, which nobody before it does in that way; root of those could do it in this moment.
  it.skipIf(noStrace)(`whoever makes its mount view is not waited for when he is stopped${noStrace ? ': strace is not installed' : ''}`, async () => {
    await kernel.create(['name', 'lab', 'vir', 'user', 'vir', 'net']);
    const stopped = ran('strace', ['-f', '-o', '/dev/null', '-e', 'trace=setgroups', '-e', 'inject=setgroups:signal=SIGSTOP:when=1', imgexecPath(), 'lab', '--', 'true']);
    expect(stopped).toMatchObject({ status: 125, err: expect.stringMatching(/^imgexec: ETIMEDOUT: mount view: .* was stopped/) });
    // Nobody holds what the next ones need.
    await kernel.set('lab', ['vir', 'net', 'addr', 'lo=10.9.0.1/32']);
    expect(run('lab', 'echo in').out).toBe('in');
  }, 60_000);

  it('twenty images have nobody in common', async () => {
    for (let i = 0; i < 20; i++) await kernel.create(['name', `i${i}`, 'vir', 'user']);
    const starts = Array.from({ length: 20 }, (_, i) => Number(run(`i${i}`, 'cat /proc/self/uid_map').out.split(/\s+/)[1]));
    expect(new Set(starts.map((start) => Math.floor(start / 65536))).size).toBe(20);
  });

  it('what was mounted for it cannot be undone by its root, and its own mounts are its own', async () => {
    await kernel.create(['name', 'web', 'vir', 'user', 'vir', 'fs', 'ro', '/usr,/bin,/lib,/lib64', 'mask', '/usr/share/doc', 'tmpfs', '/tmp', 'vir', 'proc', 'vir', 'net']);
    expect(run('web', 'umount /usr/share/doc 2>/dev/null || echo kept; mount -o remount,rw /usr 2>/dev/null || echo kept; ls -A /usr/share/doc | wc -l; mount -t tmpfs x /tmp && echo mine; touch /made && echo mine; id -u').out).toBe('kept\nkept\n0\nmine\nmine\n0');
    expect(readdirSync('/proc/1/root/').includes('made')).toBe(false);
  });

  it.each([
    [['uid', ''], 'EINVAL', 'uid'], [['uid', '0=1', 'range', '5'], 'EINVAL', 'range'], [['gid', '0=1'], 'EINVAL', 'gid'], [['uid', '0=1:5,3=100'], 'EINVAL', 'uid'],
    [['uid', '0=x'], 'EINVAL', 'uid'], [['range', '0'], 'ERANGE', 'range'],
  ] as const)('%j is refused', async (pairs, code, subject) => {
    await expect(kernel.create(['name', 'web', 'vir', 'user', ...pairs])).rejects.toMatchObject({ code, subject });
  });
});
