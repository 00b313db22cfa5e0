// What each step of a plan does, and does not: on imgexec alone, with plans written by hand.
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Server, buildImgexec, freshRegistry, identity, missingRight, privateRun, run, serial, writeImage, type Pairs, type Run } from './imgexec-rig.ts';

const missing = missingRight();

type Step = readonly [verb: string, ...args: (readonly [string, string])[]];

function plan(name: string, steps: readonly Step[]): Pairs {
  const pairs: Pairs = [['vimage-plan', '1'], ['image', name], ['serial', String(serial.next++)]];
  for (const [verb, ...args] of steps) pairs.push(['step', verb], ['for', 'test'], ...args.map(([key, value]): [string, string] => [key, value]));
  return pairs;
}

const programs: readonly Step[] = ['/bin', '/lib', '/lib64', '/usr'].filter((path) => existsSync(path))
  .map((path): Step => ['bind', ['from', path], ['to', path], ['flags', 'ro,nosuid,nodev'], ['make', 'yes']]);
const tmpfs: Step = ['root', ['fs', 'tmpfs'], ['data', 'mode=0755,size=1m'], ['flags', 'nosuid,nodev']];
const dev: Step = ['dev', ['to', '/dev'], ['make', 'dir']];
const proc: Step = ['mount', ['fs', 'proc'], ['to', '/proc'], ['make', 'dir']];

describe.skipIf(missing)(`the steps of a plan${missing ? ` (skipped: ${missing} is missing)` : ''}`, () => {
  let server: Server;
  let dir: string;
  beforeAll(() => {
    privateRun();
    freshRegistry();
    buildImgexec();
    server = new Server();
    server.ok('hello');
    dir = mkdtempSync('/tmp/vimage-steps-');
  });
  afterAll(async () => {
    rmSync(dir, { recursive: true });
    server.ok('close');
    await server.close();
  });

  /** Runs a command in an image of these steps that is there for only that. */
  function box(steps: readonly Step[], ...command: string[]): Run {
    const pairs = plan('box', steps);
    const at = writeImage('box', pairs);
    try {
      return run(['box', '--', ...command]);
    } finally {
      server.ok('unpin', pairs[2]?.[1] ?? '');
      rmSync(at, { recursive: true });
    }
  }
  const sh = (steps: readonly Step[], script: string): Run => box(steps, 'sh', '-c', script);
  const out = (steps: readonly Step[], script: string): string => {
    const { status, out: text, err } = sh(steps, script);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    return text.trim();
  };

  describe('a root', () => {
    it('shows what was given, and nothing else', () => {
      expect(out([tmpfs, ...programs], 'ls -A /; pwd').split('\n').sort()).toEqual([...programs.map(([, , to]) => String(to?.[1]).slice(1)), '/'].sort());
      expect(out([tmpfs, ...programs, proc], 'cut -d" " -f5 /proc/self/mountinfo').split('\n').sort()).toEqual(['/', ...programs.map(([, , to]) => String(to?.[1])), '/proc'].sort());
    });

    it('of a directory is that directory, read-only where it says so', () => {
      mkdirSync(`${dir}/root/bin`, { recursive: true });
      const steps: Step[] = [['root', ['from', `${dir}/root`], ['flags', 'ro']], ...programs.map(([verb, from, to, flags]): Step => [verb, ...[from, to, flags].filter((arg) => arg !== undefined)])];
      for (const path of ['lib', 'lib64', 'usr']) mkdirSync(`${dir}/root/${path}`, { recursive: true });
      expect(out(steps, 'touch /x 2>&- || echo no; ls -d /*')).toBe(['no', '/bin', '/lib', '/lib64', '/usr'].join('\n'));
      expect(existsSync(`${dir}/root/x`)).toBe(false);
      const bad = sh([['root', ['from', `${dir}/nothing`]]], 'true');
      expect(bad).toMatchObject({ status: 125, err: expect.stringMatching(/^imgexec: ENOENT: .*nothing/) });
    });

    it('is not left by ..', () => {
      expect(out([tmpfs, ...programs, ['bind', ['from', dir], ['to', '/../../../x/../given'], ['make', 'dir']]], 'ls -d /given; ls -d /../given')).toBe('/given\n/../given');
      mkdirSync(`${dir}/evil/etc`, { recursive: true });
      symlinkSync(`${dir}/outside`, `${dir}/evil/link`);
      mkdirSync(`${dir}/outside`);
      const { err, status } = sh([['root', ['from', `${dir}/evil`]], ['bind', ['from', '/etc'], ['to', '/link'], ['make', 'dir']]], 'true');
      expect({ err, status }).toEqual({ status: 125, err: expect.stringMatching(/^imgexec: ELOOP/) });
      expect(readdirSync(`${dir}/outside`)).toEqual([]);
    });

    it('cannot be led out by whoever swaps a link for a directory meanwhile', { timeout: 60_000 }, async () => {
      mkdirSync(`${dir}/race/a`, { recursive: true });
      symlinkSync('/../../../../../../../../../../../run', `${dir}/race/b`);
      mkdirSync(`${dir}/race/usr`);
      const swapper = spawn('sh', ['-c', `cd ${dir}/race; while :; do mv -T a t; mv -T b a; mv -T t b; done`], { stdio: 'ignore' });
      try {
        for (let i = 0; i < 60; i++) {
          const { err, status } = sh([['root', ['from', `${dir}/race`]], ['bind', ['from', '/usr'], ['to', '/a/b'], ['make', 'dir']]], 'true');
          expect([125, 127]).toContain(status);
          expect(err).toMatch(/^imgexec: (ENOENT|ELOOP|ENOTDIR|EAGAIN|EEXIST): /);
          expect(readdirSync('/run')).toEqual(['vimage']);
        }
      } finally {
        swapper.kill('SIGKILL');
        await new Promise((resolve) => swapper.once('exit', resolve));
      }
    });

    it('is one', () => {
      expect(sh([tmpfs, tmpfs], 'true')).toMatchObject({ status: 125, err: expect.stringMatching(/^imgexec: EBADMSG: .*more than one root/) });
    });
  });

  describe('mounts', () => {
    it('a bind is of a file, too, and may be missing where that is said', () => {
      writeFileSync(`${dir}/file`, 'hello\n');
      const file: Step = ['bind', ['from', `${dir}/file`], ['to', '/etc/deep/file'], ['flags', 'ro'], ['make', 'yes']];
      expect(out([tmpfs, dev, ...programs, file], 'cat /etc/deep/file; echo x 2>/dev/null >/etc/deep/file || echo no')).toBe('hello\nno');
      const none: Step = ['bind', ['from', `${dir}/none`], ['to', '/none'], ['make', 'yes']];
      expect(sh([tmpfs, ...programs, none], 'true').err).toMatch(/^imgexec: ENOENT: open_tree: .*\/none/);
      expect(out([tmpfs, dev, ...programs, [...none, ['optional', 'yes']]], 'ls -d /none 2>/dev/null || echo none')).toBe('none');
    });

    it('with nofollow no link leads to what is given', () => {
      mkdirSync(`${dir}/real/sub`, { recursive: true });
      writeFileSync(`${dir}/real/sub/file`, 'hello\n');
      symlinkSync('real', `${dir}/way`);
      const given = (more: Step[1][]): Step => ['bind', ['from', `${dir}/way/sub`], ['to', '/sub'], ['make', 'yes'], ...more];
      expect(out([tmpfs, ...programs, given([])], 'cat /sub/file')).toBe('hello');
      expect(sh([tmpfs, ...programs, given([['nofollow', 'yes']])], 'true').err).toMatch(/^imgexec: ELOOP: open_tree: .*way/);
      expect(out([tmpfs, ...programs, given([['nofollow', 'yes'], ['optional', 'yes']])], 'ls -d /sub 2>&1 || echo none')).toContain('none');
      expect(sh([['root', ['from', `${dir}/way`], ['nofollow', 'yes']]], 'true').err).toMatch(/^imgexec: ELOOP/);
      expect(sh([['overlay', ['lower', `${dir}/way`], ['to', '/'], ['nofollow', 'yes']]], 'true').err).toMatch(/^imgexec: ELOOP/);
    });

    it('what is made is made in the view only', () => {
      mkdirSync(`${dir}/given`, { recursive: true });
      const given: Step = ['bind', ['from', `${dir}/given`], ['to', '/given'], ['make', 'dir'], ['flags', 'ro']];
      const inner: Step = ['bind', ['from', '/usr'], ['to', '/given/inner'], ['make', 'dir']];
      expect(sh([tmpfs, ...programs, given, inner], 'true').err).toMatch(/^imgexec: EROFS/);
      expect(readdirSync(`${dir}/given`)).toEqual([]);
    });

    it('an overlay keeps what is below as it was', () => {
      mkdirSync(`${dir}/lower/sub`, { recursive: true });
      writeFileSync(`${dir}/lower/old`, 'old');
      const over: Step = ['overlay', ['lower', `${dir}/lower`], ['to', '/data'], ['make', 'dir'], ['size', '65536']];
      expect(out([tmpfs, dev, ...programs, over], 'cd /data; rm old; echo new > sub/new; ls; cat sub/new; dd if=/dev/zero of=big bs=1k count=200 2>&1 | grep -c "No space"')).toBe('sub\nnew\n1');
      expect(readFileSync(`${dir}/lower/old`, 'utf8')).toBe('old');
      expect(readdirSync(`${dir}/lower/sub`)).toEqual([]);
      for (const name of ['upper', 'work']) mkdirSync(`${dir}/${name}`);
      const keptUpper: Step = ['overlay', ['lower', '/usr'], ['lower', `${dir}/lower`], ['to', '/'], ['upper', `${dir}/upper`], ['work', `${dir}/work`]];
      const bound = programs.map((step): Step => [...step]);
      expect(out([keptUpper, ...bound], 'echo kept > /sub/kept; ls -d /old /include')).toBe('/include\n/old');
      expect(readFileSync(`${dir}/upper/sub/kept`, 'utf8')).toBe('kept\n');
      expect(existsSync(`${dir}/lower/sub/kept`)).toBe(false);
    });

    it('a minimal /dev', () => {
      expect(out([tmpfs, ...programs, proc, dev], 'ls -A /dev')).toBe(['fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero'].join('\n'));
      expect(out([tmpfs, ...programs, proc, dev], 'echo x > /dev/null; head -c 4 /dev/zero | wc -c; ls /dev/pts; echo y | cat /dev/stdin')).toBe('4\nptmx\ny');
      expect(out([tmpfs, ...programs, proc, dev], 'ls /sys /dev/kmsg /dev/mem 2>/dev/null | wc -l')).toBe('0');
    });

    it('a file system that is optional is passed over where it has no place', () => {
      const queues: Step = ['mount', ['fs', 'mqueue'], ['to', '/dev/mqueue']];
      expect(out([tmpfs, ...programs, dev, queues], 'stat -f -c %t /dev/mqueue')).toBe('19800202');
      expect(sh([tmpfs, ...programs, queues], 'true').err).toMatch(/^imgexec: ENOENT: .*mqueue/);
      expect(out([tmpfs, ...programs, [...queues, ['optional', 'yes']]], 'ls -A / | grep -c dev || :')).toBe('0');
    });

    it('what is asked of an ipc namespace is of its files only, and of nothing but one', () => {
      const [kind, fd] = server.call('inside', '-', 'ipc');
      expect([kind, Number(fd) > 3]).toEqual(['ok', true]);
      server.ok('drop', fd ?? '');
      const own = openSync('/proc/self/ns/ipc', 'r');
      const net = openSync('/proc/self/ns/net', 'r');
      const ask = (at: number, ...what: string[]): string => server.call('inside', String(at), 'ipc', ...what).slice(0, 2).join(' ');
      expect(ask(own, '/proc/sys/kernel/shmmni')).toMatch(/^ok \d+\n$/);
      for (const path of ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/kernel/../../self/environ', '/proc/sysvipc/../self/environ', '/etc/passwd', '']) expect(ask(own, path), path).toBe('err 22');
      expect(ask(own, '/proc/sys/kernel/none')).toBe('err 2');
      expect(ask(own, '/proc/sys/kernel/shmmni', '1', '2')).toBe('err 22');
      expect(ask(net, '/proc/sys/kernel/shmmni')).toBe('err 22');
      expect(ask(net)).toBe('err 22');
      expect(server.call('inside', '-', 'ipc', '/proc/sys/kernel/shmmni').slice(0, 2).join(' ')).toBe('err 22');
      for (const each of [own, net]) closeSync(each);
      expect(server.call('shm', '../1').slice(0, 2)).toEqual(['err', '22']);
      server.ok('shm', '77');
      expect(server.call('shm', '77').slice(0, 2)).toEqual(['err', '17']);
      server.ok('unpin', '77');
    });

    it('links', () => {
      expect(out([tmpfs, ...programs, ['link', ['to', '/a/b/c'], ['target', '../../usr'], ['make', 'yes']]], 'readlink /a/b/c; ls -d /a/b/c/bin')).toBe('../../usr\n/a/b/c/bin');
    });

    it('masks hide files and directories, last of all, and cannot be written', () => {
      mkdirSync(`${dir}/secret/dir`, { recursive: true });
      writeFileSync(`${dir}/secret/key`, 'key');
      writeFileSync(`${dir}/secret/dir/key`, 'key');
      symlinkSync('key', `${dir}/secret/link`);
      const masks = ['/s/key', '/s/dir', '/s/none', '/s/key/x'].map((to): Step => ['mask', ['to', to]]);
      const steps: Step[] = [...masks, tmpfs, dev, ...programs, ['bind', ['from', `${dir}/secret`], ['to', '/s'], ['make', 'dir']]];
      expect(out(steps, 'cd /s; cat key link; ls -A dir; echo x 2>/dev/null >key || echo no; touch dir/x 2>/dev/null || echo no; rm -f key 2>/dev/null || echo no')).toBe('no\nno\nno');
      expect(readdirSync(`${dir}/secret`)).toEqual(['dir', 'key', 'link']);
      expect(readFileSync(`${dir}/secret/key`, 'utf8')).toBe('key');
      expect(out([['bind', ['from', '/usr'], ['to', '/mnt']], ['mask', ['to', `${dir}/secret/key`]]], `cat ${dir}/secret/key; ls -d /mnt/bin`)).toBe('/mnt/bin');
    });
  });

  describe('what a process gives up', () => {
    const status = (steps: readonly Step[], ...args: string[]): Record<string, string> => {
      const pairs = plan('box', steps);
      const at = writeImage('box', pairs);
      const { out: text, err } = run([...args, 'box', '--', 'cat', '/proc/self/status', '/proc/self/limits']);
      rmSync(at, { recursive: true });
      expect(err).toBe('');
      const open = /^Max open files\s+(\S+)\s+(\S+)/m.exec(text);
      return { ...Object.fromEntries([...text.matchAll(/^(\w+):\s*(.*)$/gm)].map(([, key, value]) => [key, value])), nofile: `${open?.[1]}:${open?.[2]}` };
    };
    const caps = (keep: string): Step => ['caps', ['keep', keep]];
    // ld [nr]; jeq chmod-like calls would be many: what is refused is getppid, allowed all else
    const refuse = (nr: number): string => {
      const code = Buffer.alloc(8 * 4);
      const ins = (at: number, op: number, jt: number, jf: number, k: number): void => {
        code.writeUInt16LE(op, at * 8);
        code.writeUInt8(jt, at * 8 + 2);
        code.writeUInt8(jf, at * 8 + 3);
        code.writeUInt32LE(k, at * 8 + 4);
      };
      ins(0, 0x20, 0, 0, 0);
      ins(1, 0x15, 0, 1, nr);
      ins(2, 0x06, 0, 0, 0x50000 | 38);
      ins(3, 0x06, 0, 0, 0x7fff0000);
      return code.toString('hex');
    };
    const chdir = { x64: 80, arm64: 49 }[process.arch as 'x64' | 'arm64'];

    it('capabilities: what two steps leave', () => {
      expect(status([caps('ffffffff'), caps('401')])).toMatchObject({ CapBnd: '0000000000000401', CapEff: '0000000000000401', CapPrm: '0000000000000401', CapInh: '0000000000000000', CapAmb: '0000000000000000' });
      expect(status([caps('401')], '-u', '12:12')).toMatchObject({ CapBnd: '0000000000000401', CapEff: '0000000000000000', CapPrm: '0000000000000000', Uid: '12\t12\t12\t12' });
      expect(BigInt(`0x${status([])['CapBnd']}`)).toBeGreaterThan(0x401n);
    });

    it('filters and no_new_privs, in either order of rights', () => {
      const filter: Step = ['seccomp', ['filter', refuse(chdir)]];
      expect(status([['nnp'], filter])).toMatchObject({ NoNewPrivs: '1', Seccomp: '2', Seccomp_filters: '1' });
      expect(status([filter, filter])).toMatchObject({ NoNewPrivs: '0', Seccomp: '2', Seccomp_filters: '2' });
      expect(status([filter, caps('401')], '-u', '12:12')).toMatchObject({ Seccomp: '2', NoNewPrivs: '0', CapEff: '0000000000000000', CapPrm: '0000000000000000' });
      expect(sh([['nnp'], filter], 'cd / 2>/dev/null || echo refused').out).toBe('refused\n');
      expect(sh([['nnp']], 'cd / 2>/dev/null || echo refused').out).toBe('');
    });

    it('limits, never above what the caller has', () => {
      expect(status([['rlimit', ['resource', '7'], ['soft', '100'], ['hard', '200']], ['rlimit', ['resource', '7'], ['soft', 'infinity'], ['hard', 'infinity']]])['nofile']).toBe('200:200');
      expect(out([['umask', ['mask', '27']]], 'umask')).toBe('0027');
      expect(out([['cwd', ['to', '/usr/bin']]], 'pwd')).toBe('/usr/bin');
    });

    it.skipIf(!existsSync('/proc/keys'))('a keyring is its own', () => {
      const sessions = (steps: readonly Step[]): string => sh(steps, "grep ' _ses: ' /proc/keys | cut -d' ' -f1; true").out;
      expect(sessions([['keyring']])).not.toBe(sessions([['keyring']]));
    });

    it('is given up in -e, too, and by every argument that is no mount', () => {
      const args = ['-e', '--no-view'];
      expect(status([caps('401'), ['nnp']], ...args)).toMatchObject({ CapBnd: '0000000000000401', NoNewPrivs: '1' });
    });
  });

  describe('users of its own', () => {
    /** A user namespace in which 0 is 100000 outside; pinned. The caller removes the pin. */
    async function users(serialOf: string): Promise<Step> {
      const holder = spawn('unshare', ['-U', 'sh', '-c', 'echo; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      writeFileSync(`/proc/${holder.pid}/uid_map`, '0 100000 65536');
      writeFileSync(`/proc/${holder.pid}/gid_map`, '0 100000 65536');
      const fd = openSync(`/proc/${holder.pid}/ns/user`, 'r');
      server.ok('pin', serialOf, 'user', String(fd));
      const { ino } = identity(fd);
      closeSync(fd);
      holder.kill('SIGKILL');
      return ['join', ['type', 'user'], ['pin', `${serialOf}/user`], ['ino', ino]];
    }

    it('are who the command is; what we mounted they cannot undo, what they mount is theirs', async () => {
      const pairs = plan('box', []);
      const own = pairs[2]?.[1] ?? '';
      const join = await users(own);
      mkdirSync(`${dir}/shared`);
      chmodSync(`${dir}/shared`, 0o777);
      writeFileSync(`${dir}/shared/secret`, 'x', { mode: 0o600 });
      const steps: Step[] = [join, tmpfs, dev, ...programs, proc, ['mask', ['to', '/shared/secret']],
        ['bind', ['from', `${dir}/shared`], ['to', '/shared'], ['make', 'dir']], ['mount', ['fs', 'tmpfs'], ['to', '/mnt'], ['make', 'dir']]];
      const at = writeImage('box', plan('box', steps).map(([key, value]) => [key, key === 'serial' ? own : value]));
      try {
        const script = 'id -u; id -G; cat /proc/self/uid_map | tr -s " "; touch /shared/made; umount /shared/secret 2>/dev/null || echo kept; umount -l /shared 2>/dev/null || echo kept; mount -t tmpfs t /mnt && grep -c " /mnt " /proc/self/mountinfo; cat /shared/secret | wc -c';
        for (let i = 0; i < 2; i++) expect(run(['box', '--', 'sh', '-c', script])).toMatchObject({ err: '', out: `0\n0\n 0 100000 65536\nkept\nkept\n${i + 2}\n0\n` });
        expect(run(['-u', '5:6', 'box', '--', 'sh', '-c', 'id -u; id -g']).out).toBe('5\n6\n');
        expect(readFileSync(`${dir}/shared/secret`, 'utf8')).toBe('x');
        const made = readdirSync(`${dir}/shared`);
        expect(made.sort()).toEqual(['made', 'secret']);
      } finally {
        server.ok('unpin', own);
        rmSync(at, { recursive: true });
      }
    });
  });

  it('an unknown argument, or a value that cannot be, is refused whole', () => {
    for (const step of [['caps', ['keep', 'xyz']], ['caps', ['keep', '0'], ['keep', '1']], ['seccomp', ['filter', 'abc']], ['rlimit', ['resource', '99'], ['soft', '1'], ['hard', '1']],
      ['rlimit', ['resource', '7'], ['soft', '2'], ['hard', '1']], ['umask', ['mask', '888']], ['root'], ['root', ['fs', 'tmpfs'], ['from', '/']], ['nnp', ['to', '/']],
      ['overlay', ['lower', '/'], ['to', '/x'], ['upper', '/y']], ['mount', ['fs', 'tmpfs'], ['to', '/x'], ['make', 'file']], ['link', ['to', '/x'], ['target', '']]] satisfies Step[]) {
      expect(sh([step], 'echo ran')).toMatchObject({ status: 125, out: '', err: expect.stringMatching(/^imgexec: EBADMSG: plan: box: /) });
    }
  });
});
