import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, chmodSync, chownSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { probeCgroup } from '../src/cgroup.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildImgexec, counted, encode, endWorld, flock, freshNamespace, freshRegistry, identity, imgexec, makeWorld, missingRight, namespaceOf, privateRun,
  processes, run, Server, writeImage, type Pairs, type World,
} from './imgexec-rig.js';

const missing = missingRight();
const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const oneLine = /^imgexec: E[A-Z0-9]+: [^\n]+\n$/;

/** Processes of ours in this test's mount namespaces: a pid 1 of some image, or a relay. */
const imgexecs = (): number[] => processes((_, cmdline) => cmdline.includes(imgexec) && !cmdline.includes('strace'));
const end = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
};
const alive = (pid: number): boolean => existsSync(`/proc/${pid}/ns/pid`);

async function until(what: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !what(); await sleep(5)) if (Date.now() > end) throw new Error(`never: ${what.toString()}`);
}

describe.skipIf(missing)(`imgexec${missing ? ` (skipped: ${missing} is missing)` : ''}`, () => {
  let server: Server, web: World, bare: World, before: number[], scratch: string;
  /** `web` lives in a cgroup, `bare` has none and is kept by a keeper: what a command sees is the same. */
  const both = ['web', 'bare'] as const;
  const at = missing ? undefined : probeCgroup();
  const parent = at && { path: at.own, kind: at.kind };
  const home = `${parent?.path}/web-of-${process.pid}`;
  const inWeb = (script: string) => run(['web', '--', 'sh', '-c', script]);
  const known = (pin: string): boolean => [web, bare].some(({ serial }) => pin.startsWith(`${serial}/`));

  beforeAll(() => {
    buildImgexec();
    privateRun();
    freshRegistry();
    before = imgexecs();
    scratch = mkdtempSync(join(tmpdir(), 'imgexec-'));
    server = new Server();
    expect(server.ok('hello')).toEqual(['0.1.0']);
    web = makeWorld('web', server, parent === undefined ? undefined : { path: `${home}/in`, kind: parent.kind });
    bare = makeWorld('bare', server);
  });

  afterAll(async () => {
    for (const world of [web, bare]) if (world) endWorld(world);
    await until(() => [`${home}/in`, home].every((at) => !existsSync(at) || spawnSync('rmdir', [at]).status === 0));
    server.ok('close');
    expect(existsSync('/run/vimage/mnt')).toBe(false);
    expect(await server.close()).toBe(0);
    rmSync(scratch, { recursive: true });
    await until(() => imgexecs().every((pid) => before.includes(pid)));
  });

  describe.each(both)('the command in %s', (image) => {
    const world = (): World => (image === 'web' ? web : bare);
    const sh = (script: string, ...options: string[]) => run([...options, image, '--', 'sh', '-c', script]);

    it('gives its exit status', () => {
      for (const n of [0, 1, 42, 125, 255]) expect(sh(`exit ${n}`)).toMatchObject({ status: n, out: '', err: '' });
    });

    it('gives 128+n for the signal that ended it', () => {
      for (const [name, n] of [['TERM', 15], ['KILL', 9], ['SEGV', 11], ['HUP', 1]] as const)
        expect(sh(`kill -${name} $$`)).toMatchObject({ status: 128 + n, signal: null });
    });

    it('gets the signals sent to imgexec', async () => {
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT', 'SIGALRM', 'SIGWINCH', 'SIGPIPE'] as const) {
        const child = spawn(imgexec, [image, '--', 'sh', '-c', `trap 'exit 33' ${signal.slice(3)}; echo up; while :; do sleep 0.01; done`], { stdio: ['ignore', 'pipe', 'inherit'] });
        await once(child.stdout, 'data');
        child.kill(signal);
        expect([signal, ...(await once(child, 'exit'))]).toEqual([signal, 33, null]);
      }
      const child = spawn(imgexec, [image, '--', 'sh', '-c', 'echo up; exec sleep 100'], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([143, null]);
    });

    it('stops and goes on with imgexec', async () => {
      const state = (pid: number): string => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
      const child = spawn(imgexec, [image, '--', 'sleep', '100.25'], { stdio: 'ignore' });
      const pid = child.pid ?? 0;
      const inner = (): number => processes((p, c) => c === 'sleep 100.25' && namespaceOf(p, 'pid') !== '')[0] ?? 0;
      await until(() => inner() > 0);
      child.kill('SIGTSTP');
      await until(() => state(pid) === 'T' && state(inner()) === 'T');
      child.kill('SIGCONT');
      await until(() => state(pid) === 'S' && state(inner()) === 'S');
      child.kill('SIGINT');
      expect(await once(child, 'exit')).toEqual([130, null]);
    });

    it('that is stopped and then killed ends imgexec, too', async () => {
      const child = spawn(imgexec, [image, '--', 'sh', '-c', 'kill -STOP $$; exit 4'], { stdio: 'ignore' });
      const stopped = (pid: number): boolean => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      await until(() => stopped(child.pid ?? 0));
      const [command = 0] = processes((pid, c) => c.startsWith('sh -c kill -STOP') && namespaceOf(pid, 'pid') !== '');
      process.kill(command, 'SIGKILL');
      expect(await once(child, 'exit')).toEqual([137, null]);
      const again = spawn(imgexec, [image, '--', 'sh', '-c', 'kill -STOP $$; exit 4'], { stdio: 'ignore' });
      await until(() => stopped(again.pid ?? 0));
      again.kill('SIGCONT');
      expect(await once(again, 'exit')).toEqual([4, null]);
    });

    it('is told apart from what cannot run', () => {
      expect(run([image, '--', 'no-such-program'])).toMatchObject({ status: 127, err: expect.stringMatching(/^imgexec: ENOENT: exec: no-such-program: [^\n]+\n$/) });
      expect(run([image, '--', '/etc/passwd'])).toMatchObject({ status: 126, err: expect.stringMatching(oneLine) });
      expect(run([image, '--', '/'])).toMatchObject({ status: 126, err: expect.stringMatching(oneLine) });
    });

    it('gets an argv of 2 MB whole', () => {
      const words = Array.from({ length: 19 }, (_, i) => String.fromCharCode(97 + i).repeat(100_000));
      const r = run([image, '--', 'sh', '-c', 'printf %s "$@" | md5sum', 'sh', ...words], { env: { PATH: process.env['PATH'] } });
      expect(r.err).toBe('');
      expect(r.out).toBe(spawnSync('md5sum', { input: words.join('') }).stdout.toString());
    });

    it('has descriptors 0-2 and no other', () => {
      const fd = openSync('/etc/passwd', 'r');
      const stdio = ['ignore', 'pipe', 'pipe', fd, 'ignore', fd] as const;
      for (const options of [[], ['-e'], ['--only', 'proc']])
        expect(run([...options, image, '--', 'sh', '-c', 'ls /proc/$$/fd'], { stdio: [...stdio] })).toMatchObject({ status: 0, out: '0\n1\n2\n', err: '' });
      closeSync(fd);
      expect(spawnSync('sh', ['-c', `exec ${imgexec} ${image} -- sh -c 'test /proc/$$/fd/0 -ef /dev/null && test /proc/$$/fd/1 -ef /dev/null' <&- >&-`]).status).toBe(0);
    });

    it('has SIGPIPE as it should be, and other dispositions as they were', () => {
      const status = spawnSync('sh', ['-c', `trap '' PIPE XFSZ USR1 CHLD; ${imgexec} ${image} -- grep -E 'Sig(Ign|Blk)' /proc/self/status`], { encoding: 'utf8' }).stdout;
      expect(BigInt(`0x${/SigIgn:\s*(\S+)/.exec(status)?.[1]}`) & ((1n << 12n) | (1n << 24n) | (1n << 9n))).toBe(1n << 9n);
      expect(BigInt(`0x${/SigBlk:\s*(\S+)/.exec(status)?.[1]}`)).toBe(0n);
    });

    it('has the environment asked for', () => {
      expect(run(['--env', 'A=1', '--env', 'B=x=y', '--env', 'A=2', image, 'sh', '-c', 'echo $A $B $C'], { env: { ...process.env, C: '3' } }).out).toBe('2 x=y 3\n');
      expect(run(['--clean-env', '--env', 'A=1', image, 'env'], { env: { PATH: process.env['PATH'], SECRET: '1', TERM: 'dumb' } }).out.split('\n').sort()).toEqual(
        ['', 'A=1', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=dumb']);
      for (const bad of ['A', '=1']) expect(run(['--env', bad, image, 'env'])).toMatchObject({ status: 125, err: expect.stringMatching(oneLine) });
    });

    it('is where the caller was, or where it was told', () => {
      expect(run([image, 'pwd'], { cwd: '/usr/share' }).out).toBe('/usr/share\n');
      expect(run(['--cwd', '/etc', image, 'pwd'], { cwd: '/usr/share' }).out).toBe('/etc\n');
      expect(run(['--cwd', '/no/where', image, 'pwd'])).toMatchObject({ status: 125, err: expect.stringMatching(/--cwd: \/no\/where/) });
      expect(run([image, 'pwd'], { cwd: '/run/vimage/img' }).out).toBe('/\n'); // covered inside
      const gone = mkdtempSync(join(scratch, 'gone-'));
      expect(spawnSync('sh', ['-c', `cd ${gone} && rmdir ${gone} && ${imgexec} ${image} -- pwd -P`], { encoding: 'utf8' }).stdout).toBe('/\n');
    });

    it('lives in the namespaces, sees its own processes, and has the registry covered', () => {
      const { out } = sh('readlink /proc/self/ns/net; cat /proc/1/comm; ls /run/vimage; ls /sys/class/net; test -d /sys/fs/cgroup && ps -e -o comm=');
      expect(out.split('\n').slice(0, 3)).toEqual([`net:[${world().plan[world().plan.findIndex(([k, v]) => k === 'type' && v === 'net') + 2]?.[1]}]`, 'imgexec', 'lo']);
      expect(out).not.toMatch(/node/);
      expect(sh('ps -o sid= -p $$; echo $$').out.trim().split(/\s+/).every((n, _, [first]) => n === first)).toBe(true);
    });
  });

  describe('-u', () => {
    const id = (spec: string) => run(['-u', spec, 'web', '--', 'sh', '-c', 'id -u; id -g; id -G; echo $HOME $USER $LOGNAME $SHELL; umask >/dev/null']);
    const nobody = Number(spawnSync('id', ['-u', 'nobody']).stdout);
    const group = Number(spawnSync('id', ['-g', 'nobody']).stdout);

    it('takes names and numbers', () => {
      const passwd = /^nobody:[^:]*:\d+:\d+:[^:]*:([^:]*):(.*)$/m.exec(readFileSync('/etc/passwd', 'utf8'));
      const env = `${passwd?.[1]} nobody nobody ${passwd?.[2]}`;
      expect(id('nobody').out).toBe(`${nobody}\n${group}\n${group}\n${env}\n`);
      expect(id(String(nobody)).out).toBe(`${nobody}\n${group}\n${group}\n${env}\n`);
      expect(id('nobody:daemon').out).toBe(`${nobody}\n1\n1\n${env}\n`);
      expect(id('4242:4343').out).toBe('4242\n4343\n4343\n/ 4242 4242 /bin/sh\n');
      expect(run(['-u', 'nobody', '-e', 'web', 'id', '-u']).out).toBe(`${nobody}\n`);
    });

    it('gives supplementary groups, and reads the files strictly', () => {
      const at = join(scratch, 'etc');
      mkdirSync(at);
      writeFileSync(join(at, 'passwd'), 'root:x:0:0::/root:/bin/sh\nal:x:2001:2002::/home/al:/bin/sh\nbad:x:0x0:1::/:/bin/sh\nneg:x:-1:1::/:/bin/sh\nbig:x:4294967296:1::/:/bin/sh\nmax:x:4294967295:1::/:/bin/sh\nempty:x::1::/:/bin/sh\nzero:x:00:1::/:/bin/sh\nshort:x:2005:1\n12:x:0:0::/:/bin/sh');
      writeFileSync(join(at, 'group'), 'g:x:2002:\none:x:3001:bob,al\ntwo:x:3002:alx,xal\nthree:x:3003:al\nbadg:x:z:\n');
      const binds = ['passwd', 'group'].flatMap((f): Pairs => [['step', 'bind'], ['for', 'fs'], ['from', join(at, f)], ['to', `/etc/${f}`], ['flags', 'ro,nosuid']]);
      const dir = writeImage('etc', [['vimage-plan', '1'], ['image', 'etc'], ['serial', '77'], ...binds]);
      const as = (spec: string) => run(['-u', spec, 'etc', '--', 'sh', '-c', 'echo $(id -u) $(id -g) $(id -G)']);
      expect(as('al')).toMatchObject({ status: 0, out: '2001 2002 2002 3001 3003\n' });
      expect(as('al:one')).toMatchObject({ status: 0, out: '2001 3001 3001\n' });
      for (const bad of ['bad', 'neg', 'big', 'max', 'empty', 'zero', 'short', 'al:badg', 'nope', 'al:nope', '12', '2005'])
        expect([bad, as(bad)]).toEqual([bad, expect.objectContaining({ status: 125, out: '', err: expect.stringMatching(oneLine) })]);
      expect(run(['etc', '--', 'sh', '-c', 'echo >> /etc/passwd']).status).not.toBe(0);
      server.ok('unpin', '77');
      rmSync(dir, { recursive: true });
    });

    it('refuses garbage, never taking it for another user', () => {
      for (const bad of ['', '0x0', '-1', '+0', ' 0', '0 ', '00', '4294967295', '4294967296', '18446744073709551616', '99999999999999999999999', 'no body', ':', ':0', '0:', '0:-1', '0:0x0', '0:4294967296', 'root:', 'nobody\n', '*', 'root,nobody', 'a'.repeat(10_000)])
        expect([bad, id(bad)]).toEqual([bad, expect.objectContaining({ status: 125, out: '', err: expect.stringMatching(oneLine) })]);
    });
  });

  describe('the registry', () => {
    const refused = (name: string, code: string, ...more: string[]) =>
      expect(run([name, '--', 'true'])).toMatchObject({ status: 125, out: '', err: expect.stringMatching(new RegExp(`^imgexec: ${code}: [^\\n]*${more.join('.*')}[^\\n]*\\n$`)) });

    it('names an image that is not there', () => refused('nope', 'ESRCH', 'no image "nope"', 'imgctl ls'));

    it('takes a name for a name only', () => {
      for (const name of ['', '.', '..', '../web', 'web/', 'web.', '.web', 'a..b', '-e.x', 'a/b', 'wéb', 'x'.repeat(64), `${'a.'.repeat(128)}a`, 'web\n', 'x'.repeat(300)])
        expect([name, run(['--clean-env', name, '--', 'true'].slice(name.startsWith('-') ? 1 : 0)).status]).toEqual([name, 125]);
    });

    it('finds children', () => {
      const dir = writeImage('a.b.c', [['vimage-plan', '1'], ['image', 'a.b.c'], ['serial', '5'], ['x-note', 'passed over']]);
      expect(run(['a.b.c', 'true'])).toMatchObject({ status: 0, err: '' });
      refused('a.b', 'ENOENT', 'plan: a.b');
      rmSync('/run/vimage/img/a', { recursive: true });
      expect(existsSync(dir)).toBe(false);
    });

    it('must be what it says', () => {
      chmodSync('/run/vimage', 0o755);
      refused('web', 'EPERM', 'registry', '0700');
      chmodSync('/run/vimage', 0o700);
      chownSync('/run/vimage', 65534, 0);
      refused('web', 'EPERM', 'registry');
      chownSync('/run/vimage', 0, 0);
      renameSync('/run/vimage/img', '/run/elsewhere');
      symlinkSync('/run/elsewhere', '/run/vimage/img');
      refused('web', 'ELOOP');
      unlinkSync('/run/vimage/img');
      renameSync('/run/elsewhere', '/run/vimage/img');
      symlinkSync(web.dir, '/run/vimage/img/link');
      refused('link', '(ELOOP|ENOTDIR)');
      unlinkSync('/run/vimage/img/link');
      const dir = writeImage('odd', []);
      unlinkSync(join(dir, 'plan'));
      symlinkSync(join(web.dir, 'plan'), join(dir, 'plan'));
      refused('odd', 'ELOOP');
      unlinkSync(join(dir, 'plan'));
      spawnSync('mkfifo', [join(dir, 'plan')]);
      refused('odd', 'EPERM', 'plan');
      unlinkSync(join(dir, 'plan'));
      writeFileSync(join(dir, 'plan'), encode(counted([['vimage-plan', '1'], ['image', 'odd'], ['serial', '6']])));
      chmodSync(join(dir, 'plan'), 0o666);
      refused('odd', 'EPERM', 'plan');
      chmodSync(join(dir, 'plan'), 0o600);
      expect(run(['odd', 'true']).status).toBe(0);
      chownSync(join(dir, 'plan'), 65534, 0);
      refused('odd', 'EPERM', 'plan');
      rmSync(dir, { recursive: true });
      expect(run(['web', 'true'], { env: { ...process.env, XDG_RUNTIME_DIR: '/nowhere' } }).status).toBe(0);
    });

    it('tells a user who has no runtime directory to make one', () => {
      const copy = join('/tmp', `imgexec-${process.pid}`);
      copyFileSync(imgexec, copy);
      try {
        const { stderr, status } = spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'env', '--unset=XDG_RUNTIME_DIR', copy, 'web', 'true'], { encoding: 'utf8', cwd: '/' });
        expect([status, stderr]).toEqual([125, expect.stringMatching(/^imgexec: ENOENT: registry: XDG_RUNTIME_DIR: .*\/run\/user\/UID.*mkdir -m 700/)]);
      } finally {
        rmSync(copy);
      }
    });

    it('refuses a namespace that is not the one that was pinned', () => {
      const change = (key: string, value: (old: string) => string): Pairs => {
        const at = web.plan.findIndex(([k]) => k === key);
        return web.plan.map(([k, v], i): [string, string] => (i === at ? [k, value(v)] : [k, v]));
      };
      const plus = (v: string): string => String(BigInt(v) + 1n);
      for (const plan of [change('ino', plus), ...(web.plan.some(([k]) => k === 'id') ? [change('id', plus)] : []), change('type', () => 'ipc'), change('pin', () => `${web.serial}/gone`), change('pin', () => '1/net')]) {
        const dir = writeImage('stale', plan);
        refused('stale', 'ESTALE', 'stale');
        expect(run(['-e', 'stale', 'true']).status).toBe(125);
        rmSync(dir, { recursive: true });
      }
    });

    const bins = [imgexec, imgexec.replace(/$/, '-asan')];
    it('survives any damage to a plan', { timeout: 300_000 }, () => {
      buildImgexec('--asan');
      const whole = encode(bare.plan);
      let seed = 12345;
      const random = (n: number): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
      const attempt = (bin: string, bytes: Buffer, mayRun = true): void => {
        const dir = writeImage('bad', bytes);
        const r = run(['bad', '--', 'true'], { bin, env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' } });
        rmSync(dir, { recursive: true });
        if (r.status !== 0 || r.err || !mayRun) expect({ ...r, bytes: bytes.toString('latin1') }).toMatchObject({ status: 125, out: '', err: expect.stringMatching(oneLine) });
      };
      for (let n = 0; n < whole.length; n += 3) attempt(imgexec, whole.subarray(0, n), false);
      // Cut between two pairs, where every pair that is left is right: it would isolate less.
      for (let n = 2; n < bare.plan.length; n++) attempt(imgexec, encode(bare.plan.slice(0, n)), false);
      for (const bin of bins)
        for (let i = 0; i < (bin === imgexec ? 300 : 100); i++) {
          const bytes = Buffer.from(whole);
          for (let k = 0; k <= random(4); k++) bytes[random(bytes.length)] = random(3) ? random(256) : 0;
          attempt(bin, bytes);
        }
      attempt(imgexec, Buffer.alloc((1 << 20) + 1));
      attempt(imgexec, encode(Array.from({ length: 4097 }, (_, i) => (i ? ['x-a', 'b'] : ['vimage-plan', '1']))));
      const head: Pairs = [['vimage-plan', '1'], ['image', 'bad'], ['serial', '9']];
      const wrong: Pairs[] = [
        [['vimage-plan', '2']], [['image', 'bad']], [...head, ['serial', '9']], [...head, ['color', 'red']], [...head, ['step', 'pivot']],
        [...head, ['steps', '2'], ['steps', '2'], ['step', 'cover'], ['for', 'x'], ['to', '/a']], [...head, ['steps', '-3'], ['step', 'cover'], ['for', 'x'], ['to', '/a']],
        [...head, ['step', 'join'], ['for', 'x']], [...head, ['step', 'cover'], ['for', 'x'], ['to', 'relative']], [...head, ['', '']],
        [...head, ['step', 'cover'], ['for', 'x'], ['to', '/a'], ['to', '/b']], [...head, ['step', 'cover'], ['for', 'x'], ['to', '/a'], ['fs', 'proc']],
        [...head, ['step', 'cover'], ['for', 'x'], ['to', '/a'], ['from', '/b'], ['pin', '1/sub']], [...head, ['step', 'cover'], ['for', 'x'], ['to', '/a'], ['pin', '../sub']],
        [...head, ['step', 'mount'], ['for', 'x'], ['fs', 'proc'], ['to', '/proc'], ['flags', 'ro,suid']], [...head, ['cgroup', '/x']],
        [...head, ['step', 'mount'], ['for', 'x'], ['fs', 'proc'], ['to', '/sys'], ['keep', '/system']], [['vimage-plan', '1'], ['image', '../bad'], ['serial', '9']],
        [...head, ['step', 'join'], ['for', 'x'], ['type', 'net'], ['pin', '../1/net'], ['ino', '1']], [...head, ['step', 'join'], ['for', 'x'], ['type', 'net'], ['pin', '1/net'], ['ino', '0x1']],
      ];
      for (const pairs of wrong) {
        const dir = writeImage('bad', encode(counted(pairs)));
        expect([pairs, run(['bad', '--', 'true'])]).toEqual([pairs, expect.objectContaining({ status: 125, err: expect.stringMatching(/^imgexec: EBADMSG: plan: bad: [^\n]+\n$/) })]);
        rmSync(dir, { recursive: true });
      }
    });

    it('has the plan reader fuzzed', { timeout: 120_000 }, (context) => {
      if (!has('clang')) return context.skip();
      buildImgexec('--fuzz');
      const corpus = join(scratch, 'corpus');
      mkdirSync(corpus);
      writeFileSync(join(corpus, 'web'), encode(web.plan));
      const r = spawnSync(imgexec.replace(/$/, '-fuzz'), ['-runs=200000', '-max_len=4096', '-seed=1', corpus], { encoding: 'utf8', cwd: scratch });
      expect([r.status, r.stderr.slice(-2000)]).toEqual([0, expect.stringContaining('Done 200000 runs')]);
    });
  });

  describe('-e', () => {
    it('keeps the pid, the session, the processes and the cwd, and has the image\'s components', () => {
      const child = spawnSync('sh', ['-c', `echo $$; exec ${imgexec} -e web -- sh -c 'echo $$; ls /sys/class/net; hostname >/dev/null; readlink /proc/self/ns/pid; pwd'`], { encoding: 'utf8', cwd: '/usr' });
      const [a, b, net, pid, cwd] = child.stdout.split('\n');
      expect(child.stderr).toBe('');
      expect(a).toBe(b);
      expect([net, cwd]).toEqual(['lo', '/usr']);
      expect(pid).toBe(`pid:[${namespaceOf(process.pid, 'pid')}]`);
    });

    it('never pins its view, and no step means no mount namespace', () => {
      const pins = server.list().length;
      expect(run(['-e', 'web', 'true']).status).toBe(0);
      expect(run(['--only', 'uts', 'web', 'readlink', '/proc/self/ns/mnt']).out).toBe(`mnt:[${namespaceOf(process.pid, 'mnt')}]\n`);
      expect(server.list().length).toBe(pins);
    });

    it('--only proc sees the image\'s processes from the view, and is not seen', async () => {
      const inside = spawn(imgexec, ['web', '--', 'sh', '-c', 'echo up; exec sleep 100.5'], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(inside.stdout, 'data');
      const seen = run(['--only', 'proc', 'web', 'ps', '-e', '-o', 'args=']).out;
      expect(seen).toMatch(/sleep 100\.5/);
      expect(seen).not.toMatch(/node|vitest/);
      const effective = spawn(imgexec, ['--only', 'proc', 'web', '--', 'sh', '-c', 'echo up; exec sleep 100.75'], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(effective.stdout, 'data');
      expect(inWeb('ps -e -o args=').out).not.toMatch(/100\.75/);
      expect(run(['--only', 'proc', 'web', 'pkill', '-f', '^sleep 100.5']).status).toBe(0);
      expect(await once(inside, 'exit')).toEqual([143, null]);
      effective.kill('SIGTERM');
      expect(await once(effective, 'exit')).toEqual([143, null]);
    });

    it('--only names what there is', () => {
      expect(run(['--only', 'net,nope', 'web', 'true'])).toMatchObject({ status: 125, err: 'imgexec: ESRCH: --only: no component "nope" to act on in web: it has net,uts,proc\n' });
      for (const bad of ['', ',', 'net,', 'ne']) expect(run(['--only', bad, 'web', 'true']).status).toBe(125);
    });
  });

  describe('around the command', () => {
    it('holds a lock until it ends, and shows it nothing of it', async () => {
      const lock = openSync(join(scratch, 'lock'), 'w');
      for (const options of [[], ['-e']]) {
        const holder = spawn('bash', ['-c', `exec 9>${join(scratch, 'lock')}; flock 9; exec ${imgexec} --keep-fd 9 ${options.join(' ')} web -- sh -c 'echo up; test -e /proc/$$/fd/9 && echo leaked; sleep 0.4'`], { stdio: ['ignore', 'pipe', 'inherit'] });
        let out = '';
        holder.stdout.on('data', (data: Buffer) => (out += data.toString()));
        await once(holder.stdout, 'data');
        expect(spawnSync('flock', ['-n', join(scratch, 'lock'), 'true']).status).toBe(1);
        await once(holder, 'exit');
        expect(spawnSync('flock', ['-n', join(scratch, 'lock'), 'true']).status).toBe(0);
        expect(out).toBe('up\n');
      }
      closeSync(lock);
      for (const bad of ['2', '99', '-1', 'x', '']) expect(run(['--keep-fd', bad, 'web', 'true'])).toMatchObject({ status: 125, err: expect.stringMatching(oneLine) });
    });

    it('--die-with-parent ends with the caller', async () => {
      for (const options of ['web', '-e web', '-u nobody web', '--only proc web', 'bare', '-u nobody bare']) {
        const caller = spawn('sh', ['-c', `${imgexec} --die-with-parent ${options} -- sh -c 'echo up; exec sleep 321.5' & wait`], { stdio: ['ignore', 'pipe', 'inherit'] });
        await once(caller.stdout, 'data');
        const sleeping = () => processes((_, c) => c === 'sleep 321.5');
        await until(() => sleeping().length === 1);
        caller.kill('SIGKILL');
        await until(() => sleeping().length === 0);
      }
    });

    it.each(both)('-d returns when the command has started in %s', async (image) => {
      const r = run(['-d', image, '--', 'sh', '-c', 'exec sleep 123.5 >/dev/null 2>&1']);
      expect(r).toMatchObject({ status: 0, out: '', err: '' });
      const sleeping = () => processes((_, c) => c === 'sleep 123.5');
      await until(() => sleeping().length === 1);
      for (const pid of sleeping()) process.kill(pid, 'SIGKILL');
      await until(() => sleeping().length === 0);
      expect(run(['-d', image, 'no-such-program'])).toMatchObject({ status: 127, err: expect.stringMatching(oneLine) });
      expect(run(['-d', '-u', '-1', image, 'true'])).toMatchObject({ status: 125 });
    });

    it('cannot be looked into while it enters', async () => {
      const child = spawn(imgexec, ['web', '--', 'sleep', '100'], { stdio: 'ignore' });
      await until(() => processes((_, c) => c === 'sleep 100').length > 0);
      const look = (pid: number) => spawnSync('setpriv', ['--reuid', '65534', '--clear-groups', '--bounding-set', '-all', 'ls', `/proc/${pid}/fd`]).status;
      expect(look(child.pid ?? 0)).not.toBe(0);
      for (const pid of [web.view, web.first]) expect(readdirSync(`/proc/${pid}/fd`)).toEqual([]);
      // a process that is not dumpable has its /proc entry owned by root whatever its user is
      child.kill('SIGTERM');
      await once(child, 'exit');
    });

    it('says what is wrong with its own options, and helps', () => {
      for (const bad of [[], ['web'], ['web', '--'], ['--nope', 'web', 'true'], ['-u'], ['-d', '-t', 'web', 'true']])
        expect(run(bad)).toMatchObject({ status: 125, out: '', err: expect.stringMatching(oneLine) });
      expect(run(['--help'])).toMatchObject({ status: 0, out: expect.stringContaining('imgexec -e web') });
      expect(run(['--version']).out).toBe('imgexec 0.1.0\n');
      expect(run(['--probe']).out).toMatch(/^(\S+ (yes|no)\n)+$/);
    });
  });

  describe('the terminal', () => {
    const terminal = (command: string, input = '') => spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', input, timeout: 20_000 });

    it('is the command\'s own, and the caller\'s is as it was', () => {
      const r = terminal(`stty -g; tty; stty cols 91 rows 17; ${imgexec} web -- sh -c 'tty; stty size; ps -o tty= -p $$; exit 3'; echo status $?; stty -g`);
      // script types ^D at the end of its input. Typed before the terminal is made raw and read after that, it is a NUL, which the new terminal echoes.
      const lines = r.stdout.replaceAll('^@', '').trim().split(/\r?\n/);
      expect(lines[0]).toBe(lines.at(-1));
      expect(lines[2]).not.toBe(lines[1]);
      expect(lines.slice(3)).toEqual(['17 91', expect.stringMatching(/^pts/), 'status 3', lines[0]]);
      expect(terminal(`${imgexec} -T web -- tty; ${imgexec} -e web -- tty; tty`).stdout.trim().split(/\r?\n/).filter((t, _, all) => t !== all.at(-1))).toEqual([]);
    });

    it.each(both)('has job control in %s', (image) => {
      const r = terminal(`${imgexec} ${image} -- sh -i`, 'sleep 50 &\nsleep 0.3\nkill %1\nwait\necho jobs-$((40+2))\nexit 5\n');
      expect(r.stdout).toMatch(/jobs-42/);
      expect(r.stdout).not.toMatch(/can't access tty|no job control/);
      expect(r.status).toBe(5);
    });

    it('of the caller cannot be typed into from inside', (context) => {
      if (!has('perl')) return context.skip();
      const inject = `perl -e 'ioctl(STDIN, 0x5412, $_) for split //, "injected\\n"'`;
      const probe = (command: string): string => {
        const file = join(scratch, 'inject.sh');
        writeFileSync(file, `${command}\nread -t 1 x\necho "got=[$x]"\n`);
        return spawnSync('sh', ['-c', `sleep 1.5 | script -qec 'bash ${file}' /dev/null`], { encoding: 'utf8' }).stdout;
      };
      expect(probe(`${imgexec} -T web -- ${inject}`)).toContain('got=[injected]'); // root may, where the terminal is shared: the test can fail
      expect(probe(`${imgexec} web -- ${inject}`)).toContain('got=[]');
      expect(probe(`echo | ${imgexec} web -- ${inject.replace('STDIN', 'STDERR')}`)).toContain('got=[]');
    });

    it('is made for a pipe too when asked', () => {
      expect(run(['-t', 'web', 'sh', '-c', 'test -t 0 && test -t 1 && test -t 2 && cat'], { input: 'word\n' })).toMatchObject({ status: 0, out: expect.stringContaining('word') });
    });
  });

  describe('the mount view', () => {
    it('is made once by eight first entries at a time', async () => {
      for (let round = 0; round < 5; round++) {
        const world = makeWorld('many', server);
        const all = await Promise.all(Array.from({ length: 8 }, async () => {
          const child = spawn(imgexec, ['many', '--', 'readlink', '/proc/self/ns/mnt'], { stdio: ['ignore', 'pipe', 'inherit'] });
          let out = '';
          child.stdout.on('data', (data: Buffer) => (out += data.toString()));
          const [code] = (await once(child, 'close')) as [number];
          return `${code} ${out}`;
        }));
        expect(new Set(all).size).toBe(1);
        expect(all[0]).toMatch(/^0 mnt:\[\d+\]\n$/);
        expect(server.list().filter((pin) => pin === `${world.serial}/mnt`)).toHaveLength(1);
        endWorld(world);
      }
      await until(() => !server.list().some((pin) => !known(pin)));
    });

    it('is not entered when the image goes meanwhile', () => {
      const world = makeWorld('gone', server);
      renameSync(world.dir, '/run/vimage/gone');
      expect(run(['gone', 'true'])).toMatchObject({ status: 125, err: expect.stringMatching(/ESRCH/) });
      renameSync('/run/vimage/gone', world.dir);
      endWorld(world);
    });
  });

  describe('the cgroup', () => {
    it.skipIf(!parent)('is made, parents too, and entered first', () => {
      const path = `${parent?.path}/vimage-test-${process.pid}/in`;
      const plan: Pairs = [['vimage-plan', '1'], ['image', 'cg'], ['serial', '31'], ['cgroup', path], ['cgroup.kind', parent?.kind ?? '']];
      const dir = writeImage('cg', plan);
      expect(run(['cg', 'cat', '/proc/self/cgroup']).out).toMatch(new RegExp(`/vimage-test-${process.pid}/in$`, 'm'));
      expect(run(['-e', 'cg', 'cat', '/proc/self/cgroup']).out).not.toMatch(/vimage-test/);
      for (const bad of [['cgroup', '/tmp/not-there'], ['cgroup', '/tmp']] as Pairs) {
        writeImage('cg', plan.map((pair) => (pair[0] === 'cgroup' ? bad : pair)));
        expect(run(['cg', 'true'])).toMatchObject({ status: 125, err: expect.stringMatching(oneLine) });
      }
      expect(existsSync('/tmp/not-there')).toBe(false);
      const world = makeWorld('cgw', server, { path, kind: parent?.kind ?? '' });
      const procs = (): string[] => readFileSync(join(path, 'cgroup.procs'), 'utf8').trim().split('\n');
      expect(procs().sort()).toEqual([String(world.view), String(world.first)].sort());
      endWorld(world);
      return until(() => readFileSync(join(path, 'cgroup.procs'), 'utf8') === '').then(() => {
        for (const p of [path, join(path, '..')]) spawnSync('rmdir', [p]);
        expect(existsSync(join(path, '..'))).toBe(false);
        rmSync(dir, { recursive: true });
      });
    });

    const v1 = missing ? '' : (/^\S+ (\S+) cgroup \S*name=/m.exec(readFileSync('/proc/self/mounts', 'utf8'))?.[1] ?? '');
    it.skipIf(!v1)('is entered by writing on v1', () => {
      const path = `${v1}/vimage-test-${process.pid}`;
      const dir = writeImage('cg1', [['vimage-plan', '1'], ['image', 'cg1'], ['serial', '32'], ['cgroup', path], ['cgroup.kind', 'v1']]);
      expect(run(['cg1', 'cat', '/proc/self/cgroup']).out).toMatch(new RegExp(`name=.*:/vimage-test-${process.pid}$`, 'm'));
      spawnSync('rmdir', [path]);
      rmSync(dir, { recursive: true });
    });
  });

  describe('--serve', () => {
    it('answers any request with a verdict', () => {
      for (const request of [['nonsense'], ['pin'], ['pin', '1', 'net'], ['pin', '../x', 'net', '0'], ['pin', '1', '../net', '0'], ['pin', '1', 'net', '999'], ['pin', '1', 'net', '-1'], ['pin', '1', 'net', '0'], ['unpin', ''],
        ['unpin', '..'], ['unpin', '1', '.'], ['unpin', '123456789012345678901'], ['init', 'x', '-', 'v2'], ['init', '1', '/nowhere', 'v2'], ['init', '1', '-', 'v2'], ['init', '1', '/nowhere', 'dir'], ['init', '1', '/tmp', 'v3'], ['lock'], ['lock', '1'], ['lock', 'x', 'list'], ['lock', '999', 'list'], ['init', '1', scratch, 'dir', '1/gone', '5', '-'], ['init', '1', scratch, 'dir', '../net', '5', '-'], Array.from({ length: 40 }, () => 'x'), ['']])
        expect([request, server.call(...request)]).toEqual([request, ['err', expect.stringMatching(/^\d+$/), expect.stringMatching(/./)]]);
      for (const raw of [Buffer.from('hello'), Buffer.from([0]), Buffer.alloc(65_000), Buffer.alloc(65_536, 65)]) {
        server.sendRaw(raw);
        expect(server.receive()[0]).toBe('err');
      }
      expect(server.ok('unpin', '1')).toEqual([]);
      expect(server.list().every(known)).toBe(true);
    });

    it('lists more than fits into one message', () => {
      const net = freshNamespace('-n', 'net');
      const serials = Array.from({ length: 3500 }, (_, i) => String(18_000_000_000_000_000_000n + BigInt(i)));
      for (const s of serials) server.ok('pin', s, 'net', String(net));
      expect(new Set(server.list().filter((p) => p.startsWith('18000'))).size).toBe(serials.length);
      for (const s of serials) server.ok('unpin', s);
      closeSync(net);
    });

    it.skipIf(!has('strace'))('holds the lock that a request is under until it has answered', async () => {
      const file = join(scratch, 'held');
      const free = (): boolean => spawnSync('flock', ['-n', file, 'true']).status === 0;
      const slow = new Server(imgexec, ['strace', '-D', '-qq', '-o', '/dev/null', '-e', 'inject=socketpair:delay_enter=700ms']);
      slow.ok('hello');
      const fd = openSync(file, 'w');
      flock(fd);
      expect(slow.send('lock', String(fd), 'init', '72', scratch, 'dir')).toBe(true);
      await until(() => readdirSync(`/proc/${slow.child.pid}/fd`).length > 0 && !free());
      await sleep(200); // it has taken the descriptor, and waits in socketpair(2)
      closeSync(fd);
      expect(free()).toBe(false);
      const [verdict, view = ''] = slow.receive();
      expect([verdict, free()]).toEqual(['ok', true]);
      end(Number(view));
      slow.ok('unpin', '72');
      await slow.close();
    });

    it('pins what was open, and nothing twice', () => {
      const net = freshNamespace('-n', 'net');
      server.ok('pin', '55', 'net', String(net));
      expect(server.call('pin', '55', 'net', String(net))).toEqual(['err', '17', 'pin']);
      const { ino, id } = identity(net);
      const dir = writeImage('net', [['vimage-plan', '1'], ['image', 'net'], ['serial', '55'], ['step', 'join'], ['for', 'net'], ['type', 'net'], ['pin', '55/net'], ['ino', ino], ...(id ? [['id', id] as [string, string]] : [])]);
      expect(run(['net', 'readlink', '/proc/self/ns/net']).out).toBe(`net:[${ino}]\n`);
      closeSync(net);
      expect(server.call('close')).toEqual(['err', '16', expect.any(String)]);
      server.ok('unpin', '55', 'net');
      expect(server.list()).not.toContain('55/net');
      rmSync(dir, { recursive: true });
    });

    it.skipIf(!existsSync('/proc/self/ns/time'))('makes clocks with offsets, before anybody has them; and so does --once', { timeout: 120_000 }, async () => {
      buildImgexec('--asan');
      const lines = 'monotonic 86400 0\nboottime -1 999999999\n';
      for (const bin of [imgexec, imgexec.replace(/$/, '-asan')]) {
        const maker = new Server(bin);
        const [number = ''] = maker.ok('inside', '-', 'time', lines);
        const clocks = openSync(`/proc/${maker.child.pid}/fd/${number}`, 'r');
        for (const [errno, ...words] of [['22', ''], ['22', 'x'.repeat(200)], ['22', 'BOOT'], ['22', 'boottime 1'], ['22', lines, 'more'], ['34', 'boottime -99999999 0\n'], ['34', 'monotonic 9000000000 0\n']]) {
          expect([words, maker.call('inside', '-', 'time', ...words)]).toEqual([words, ['err', errno, expect.stringMatching(/^time/)]]);
        }
        expect(maker.call('inside', String(clocks), 'time', lines)[0]).toBe('err'); // it is no user namespace
        maker.ok('drop', number);
        server.ok('pin', '56', 'time', String(clocks));
        const { ino, id } = identity(clocks);
        const dir = writeImage('late', [['vimage-plan', '1'], ['image', 'late'], ['serial', '56'], ['step', 'join'], ['for', 'time'], ['type', 'time'], ['pin', '56/time'], ['ino', ino], ...(id ? [['id', id] as [string, string]] : [])]);
        const seen = ['sh', '-c', 'readlink /proc/self/ns/time; cat /proc/self/timens_offsets'];
        const offsets = /monotonic +86400 +0\nboottime +-1 +999999999\n$/;
        for (const options of [[], ['-e']]) expect(run([...options, 'late', '--', ...seen], { bin }).out).toMatch(new RegExp(`^time:\\[${ino}\\]\n${offsets.source}`));
        const once = (...data: string[]) => run(['--once', String(14 + data.length), 'vimage-plan', '1', 'image', 'x', 'serial', '0', 'steps', String(3 + data.length / 2), 'step', 'new', 'for', 'time', 'type', 'time', ...data, '--', ...seen], { bin });
        expect(once('data', lines)).toMatchObject({ err: '', out: expect.stringMatching(offsets) });
        expect(once().out).toMatch(/monotonic +0 +0\n/);
        expect(once('data', 'boottime -99999999 0\n')).toMatchObject({ status: 125, err: expect.stringMatching(/^imgexec: ERANGE: timens_offsets/) });
        expect(once('data', 'boottime; 1')).toMatchObject({ status: 125, err: expect.stringMatching(/EBADMSG/) });
        expect(once('uids', '0 0 1')).toMatchObject({ status: 125, err: expect.stringMatching(/EBADMSG/) });
        closeSync(clocks);
        rmSync(dir, { recursive: true });
        server.ok('unpin', '56');
        expect(await maker.close()).toBe(0);
      }
    });

    it('nests pid namespaces', () => {
      const s = '901';
      const stat = identity(openedPid(web.first));
      const [view = '', first = ''] = server.ok('init', s, scratch, 'dir', `${web.serial}/pid`, stat.ino, stat.id || '-');
      expect(inWeb('ps -e -o comm=').out.match(/imgexec/g)).toHaveLength(3); // its own, and the two of the one inside
      process.kill(Number(first), 'SIGKILL');
      server.ok('unpin', s);
      return until(() => !alive(Number(view)));
    });

    function openedPid(pid: number): number {
      const fd = openSync(`/proc/${pid}/ns/pid`, 'r');
      setImmediate(() => closeSync(fd));
      return fd;
    }

    it('has a pid 1 that reaps, passes SIGTERM on, and ends with the other', async () => {
      const world = makeWorld('init', server);
      expect(run(['init', 'sh', '-c', '(sleep 0.05 &) ; sleep 0.2; ps -e -o stat= | grep -c Z']).out).toBe('0\n');
      const child = spawn(imgexec, ['init', '--', 'sh', '-c', 'echo up; exec sleep 99'], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      process.kill(world.first, 'SIGTERM');
      expect(await once(child, 'exit')).toEqual([143, null]);
      expect(alive(world.view)).toBe(true);
      process.kill(world.first, 'SIGKILL');
      await until(() => !alive(world.view));
      expect(run(['init', 'true'])).toMatchObject({ status: 125, err: expect.stringMatching(/ESRCH: init: its pid 1 has died: imgctl destroy init/) });
      server.ok('unpin', world.serial);
      rmSync(world.dir, { recursive: true });
    });

    it('ends at end of file, not at a signal for everybody', async () => {
      const other = new Server();
      other.ok('hello');
      for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGPIPE', 'SIGUSR1', 'SIGCHLD'] as const) other.child.kill(signal);
      expect(other.list()).toEqual(server.list());
      expect(await other.close()).toBe(0);
    });

    it('refuses a pins file that is something else', async () => {
      const other = new Server();
      renameSync('/run/vimage', '/run/vimage-aside');
      for (const make of [(p: string) => mkdirSync(p), (p: string) => symlinkSync('/etc/passwd', p), (p: string) => writeFileSync(p, 'x'), (p: string) => spawnSync('mkfifo', [p])]) {
        mkdirSync('/run/vimage', { mode: 0o700 });
        make('/run/vimage/mnt');
        expect(other.call('hello')).toEqual(['err', '74', expect.stringMatching(/mnt/)]);
        rmSync('/run/vimage', { recursive: true });
      }
      renameSync('/run/vimage-aside', '/run/vimage');
      expect(await other.close()).toBe(0);
    });
  });

  describe('killed at every call', () => {
    const strace = missing ? false : has('strace');
    const prefix = (...inject: string[]): string[] => ['strace', '-f', '-qq', '-o', join(scratch, 'trace'), ...inject];

    /** [call, how often one process makes it] of the last trace. */
    const calls = (): [string, number][] => {
      const count = new Map<string, Map<string, number>>();
      for (const line of readFileSync(join(scratch, 'trace'), 'utf8').split('\n')) {
        const [, pid = '', call = ''] = /^(\d+)\s+([a-z0-9_]+)\(/.exec(line) ?? [];
        if (!call) continue;
        const of = count.get(call) ?? new Map<string, number>();
        of.set(pid, (of.get(pid) ?? 0) + 1);
        count.set(call, of);
      }
      return [...count].filter(([call]) => !['execve', 'exit_group', 'brk', 'arch_prctl', 'set_tid_address', 'set_robust_list', 'rseq', 'prlimit64', 'mprotect', 'getrandom', 'readlink'].includes(call))
        .map(([call, of]) => [call, Math.max(...of.values())]);
    };

    it.skipIf(!strace).each(both)('entering works the next time, and leaves nothing, as in %s', { timeout: 600_000 }, async (like) => {
      const cgroup = like === 'web' && parent !== undefined ? { path: `${home}/kill`, kind: parent.kind } : undefined;
      const idle = imgexecs().filter((pid) => !before.includes(pid)).length;
      let world = makeWorld('kill', server, cgroup);
      const enter = (inject: string[]) => spawnSync('strace', [...prefix(...inject).slice(1), imgexec, 'kill', '--', 'true'], { timeout: 20_000 });
      expect(enter([]).status).toBe(0);
      const trace = calls();
      expect(trace.map(([call]) => call)).toEqual(expect.arrayContaining(['setns', 'mount', 'unshare', 'flock']));
      let attempts = 0, killed = 0;
      for (const [call, most] of trace)
        for (let n = 1; n <= most; n++, attempts++) {
          // a first entry each time: without the pinned view
          server.ok('unpin', world.serial, 'mnt');
          const { signal, status } = enter(['-e', `inject=${call}:signal=KILL:when=${n}`]);
          if (signal === 'SIGKILL' || status === 137) killed++;
          expect([call, n, run(['kill', 'true'])]).toEqual([call, n, { status: 0, signal: null, out: '', err: '' }]);
          expect(server.list().filter((p) => p === `${world.serial}/mnt`)).toHaveLength(1);
          if (!alive(world.view)) {
            endWorld(world);
            world = makeWorld('kill', server, cgroup);
          }
        }
      expect(attempts).toBeGreaterThan(60);
      // Of a keeper the last calls come when its command has ended well.
      expect(killed).toBeGreaterThan(attempts * (like === 'web' ? 0.9 : 0.8));
      endWorld(world);
      if (cgroup !== undefined) await until(() => !existsSync(cgroup.path) || spawnSync('rmdir', [cgroup.path]).status === 0);
      await until(() => imgexecs().filter((pid) => !before.includes(pid)).length === idle);
    });

    it.skipIf(!strace)('serving leaves no process, no mount and nothing in the way', { timeout: 240_000 }, async () => {
      const idle = imgexecs().length;
      renameSync('/run/vimage', '/run/vimage-aside');
      const attempt = async (inject: string[]): Promise<void> => {
        mkdirSync('/run/vimage', { mode: 0o700 });
        const victim = new Server(imgexec, prefix(...inject));
        const answers = [victim.call('hello'), victim.call('init', '70', scratch, 'dir')];
        const ended = victim.close(); // strace stays for as long as a pid 1 does
        const again = new Server();
        again.ok('hello');
        const mounts = readFileSync('/proc/thread-self/mounts', 'utf8').split('\n').filter((line) => line.includes(' /run/vimage/'));
        expect([inject, mounts.length]).toEqual([inject, 1]);
        const pins = again.list();
        if (answers[1]?.[0] === 'ok') expect([inject, pins.sort()]).toEqual([inject, ['70/pid', '70/view']]);
        else if (answers[1]?.[0] === 'err') expect([inject, pins]).toEqual([inject, []]);
        if (pins.length === 2) {
          const pid1 = processes((pid, c) => c.endsWith(' init') && c.includes(imgexec) && namespaceOf(pid, 'pid') !== namespaceOf(process.pid, 'pid'));
          const own = pid1.filter((pid) => ![web, bare].some(({ view, first }) => pid === view || pid === first));
          for (const pid of own) end(pid);
        }
        await ended;
        again.ok('unpin', '70');
        const [view = '0'] = again.ok('init', '70', scratch, 'dir');
        process.kill(Number(view), 'SIGKILL');
        again.ok('unpin', '70');
        again.ok('close');
        expect(await again.close()).toBe(0);
        expect(readdirSync('/run/vimage')).toEqual([]);
        rmSync('/run/vimage', { recursive: true });
        await until(() => imgexecs().length <= idle);
      };
      try {
        await attempt([]);
        for (const [call, most] of calls()) for (let n = 1; n <= most; n++) await attempt(['-e', `inject=${call}:signal=KILL:when=${n}`]);
      } finally {
        spawnSync('umount', ['-l', '/run/vimage/mnt']);
        rmSync('/run/vimage', { recursive: true, force: true });
        renameSync('/run/vimage-aside', '/run/vimage');
      }
    });

    it('a server that is killed in the middle of init leaves no process', { timeout: 120_000 }, async () => {
      const idle = imgexecs().length;
      for (let i = 0; i < 60; i++) {
        const victim = new Server();
        victim.ok('hello');
        victim.send('init', '71', scratch, 'dir');
        for (const end = process.hrtime.bigint() + BigInt(i * 20_000); process.hrtime.bigint() < end; );
        victim.child.kill('SIGKILL');
        await victim.close();
        const pins = server.list().filter((p) => p.startsWith('71/'));
        if (pins.length === 2) {
          const published = processes((pid, c) => c.endsWith(' init') && namespaceOf(pid, 'pid') !== namespaceOf(process.pid, 'pid') && ![web, bare].some(({ view, first }) => pid === view || pid === first));
          for (const pid of published) end(pid);
        }
        await until(() => imgexecs().length <= idle);
        server.ok('unpin', '71');
      }
    });
  });
});
