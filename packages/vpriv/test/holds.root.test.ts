import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { always, capabilityMask } from '../src/data/capabilities.ts';
import { switchTable, switches, type Switch } from '../src/data/switches.ts';
import { capabilitiesOf } from '../src/steps.ts';
import { asked } from '../src/vpriv.ts';
import { Lab } from './lab.ts';

/** What a probe says where its switch is off, and where it is on. `on`: what else it needs to be. */
interface Case {
  readonly key: Switch;
  readonly probe: string;
  readonly off: string;
  readonly allowed: RegExp;
  readonly on?: readonly Switch[];
}

const ok = /^ok$/;
/** The kernel was asked, whatever it says: it may lack that, or the question was meant to be wrong. */
const heard = /^(ok|EINVAL|EFAULT|ENOENT|ENODEV|ENOSYS|ENOTTY|EAFNOSUPPORT|EOPNOTSUPP|ENOKEY)$/;
const given = (key: Switch, probe: string, off: string, allowed: RegExp, ...on: readonly Switch[]): Case => ({ key, probe, off, allowed, on });

const cases: readonly Case[] = [
  given('allow.setuid', 'setuid', 'EPERM', ok),
  given('allow.reserved_ports', 'low-port', 'EACCES', ok),
  given('allow.raw_sockets', 'raw', 'EPERM', ok),
  given('allow.raw_sockets', 'packet', 'EPERM', ok),
  given('allow.raw_sockets', 'packet-high', 'EPERM', ok),
  given('allow.socket_af', 'alg', 'EPERM', /^(ok|EAFNOSUPPORT)$/),
  given('allow.socket_af', 'alg-pair', 'EPERM', /^(EOPNOTSUPP|EAFNOSUPPORT)$/),
  given('allow.net_admin', 'mark', 'EPERM', ok),
  given('allow.mount', 'mount', 'EPERM', /^ENODEV$/),
  given('allow.mount', 'umount', 'EPERM', /^EINVAL$/),
  given('allow.mount', 'fsopen', 'EPERM', /^ENODEV$/),
  given('allow.chroot', 'chroot', 'EPERM', ok),
  given('allow.mknod', 'device', 'EPERM', ok),
  given('allow.chflags', 'immutable', 'EPERM', ok),
  given('allow.file_caps', 'file-caps', 'EPERM', ok),
  given('allow.file_handles', 'handle', 'EPERM', /^EFAULT$/),
  given('allow.fanotify', 'fanotify', 'EPERM', heard),
  given('allow.lease', 'lease', 'EACCES', ok),
  given('allow.quotas', 'quota', 'EPERM', heard),
  given('allow.resource', 'rlimit', 'EPERM', ok),
  given('allow.mlock', 'mlock', 'EPERM', ok),
  given('allow.nice', 'nice', 'EACCES', ok),
  given('allow.nice', 'mempolicy', 'EPERM', heard),
  given('allow.sysvipc', 'shm', 'ENOSYS', ok),
  given('allow.set_hostname', 'hostname', 'EPERM', ok),
  given('allow.namespaces', 'unshare', 'EPERM', ok),
  given('allow.namespaces', 'clone-uts', 'EPERM', ok),
  given('allow.namespaces', 'setns', 'EPERM', ok),
  given('allow.userns', 'unshare-user', 'EPERM', ok),
  given('allow.userns', 'clone-user', 'EPERM', ok),
  given('allow.userns', 'clone3', 'ENOSYS', ok, 'allow.namespaces'),
  given('allow.userns', 'setns-any', 'EPERM', ok, 'allow.namespaces'),
  given('allow.ptrace', 'ptrace', 'EPERM', ok),
  given('allow.ptrace', 'vm-read', 'EPERM', ok),
  given('allow.ptrace', 'no-aslr', 'EPERM', ok),
  given('allow.checkpoint', 'kcmp', 'EPERM', /^(ok|ENOSYS)$/),
  given('allow.userfaultfd', 'userfaultfd', 'EPERM', heard),
  given('allow.bpf', 'bpf', 'EPERM', heard),
  given('allow.perf', 'perf', 'EPERM', heard),
  given('allow.keyring', 'keyctl', 'ENOSYS', ok),
  given('allow.keyring', 'add_key', 'ENOSYS', ok),
  given('allow.keyring', 'request_key', 'ENOSYS', /^ENOKEY$/),
  given('allow.io_uring', 'uring', 'ENOSYS', /^EFAULT$/),
  given('allow.tiocsti', 'tiocsti', 'EPERM', /^(ok|EIO)$/),
  given('allow.tiocsti', 'tiocsti-high', 'EPERM', /^(ok|EIO)$/),
  given('allow.tiocsti', 'tioclinux', 'EPERM', /^ENOTTY$/),
  given('allow.tiocsti', 'tioclinux-high', 'EPERM', /^ENOTTY$/),
  given('allow.tty', 'vhangup', 'EPERM', ok),
  given('allow.read_msgbuf', 'syslog', 'EPERM', ok),
  given('allow.accounting', 'acct', 'EPERM', heard),
  given('allow.clock', 'clock', 'EPERM', heard),
  given('allow.suspend', 'alarm', 'EPERM', ok),
  given('allow.reboot', 'reboot', 'EPERM', /^EINVAL$/),
  given('allow.kexec', 'kexec', 'EPERM', heard),
  given('allow.modules', 'module', 'EPERM', heard),
];
const tried = [...new Set(cases.map(({ key }) => key))];

/** What we have ourselves: a machine may have less than all. */
const machine = BigInt(`0x${/^CapBnd:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
const hex = (mask: bigint): string => (mask & machine).toString(16).padStart(16, '0');

describe.skipIf(needRoot.missing)(`vir priv${needRoot.note}`, () => {
  let at: Lab;
  beforeAll(async () => {
    at = await Lab.open();
    await at.create('free');
    await at.create('box', 'vir', 'priv');
    await at.create('tight', 'vir', 'priv', ...switches.flatMap((key) => [key, 'false']));
  });
  afterAll(() => at.close());

  test('alone: a few capabilities, none to inherit, no new ones, a filter', () => {
    const few = hex(capabilityMask(capabilitiesOf(asked({}))));
    const none = hex(0n);
    expect(at.status('box')).toMatchObject({ CapBnd: few, CapPrm: few, CapEff: few, CapInh: none, CapAmb: none, NoNewPrivs: '1', Seccomp: '2' });
    expect(at.status('box', '-u', '12:12')).toMatchObject({ CapBnd: few, CapPrm: none, CapEff: none, CapInh: none, CapAmb: none, NoNewPrivs: '1', Seccomp: '2' });
    expect(at.status('tight')).toMatchObject({ CapBnd: hex(capabilityMask(always)) });
    expect(at.status('free')).toMatchObject({ NoNewPrivs: '0', Seccomp: '0' });
  });

  test('acting on the image is held to the same', () => {
    expect(at.status('box', '-e')).toMatchObject({ CapBnd: at.status('box')['CapBnd'], NoNewPrivs: '1', Seccomp: '2' });
    expect(at.try('box', ['chroot', 'tiocsti-high', 'keyctl'], '-e')).toEqual({ chroot: 'EPERM', 'tiocsti-high': 'EPERM', keyctl: 'ENOSYS' });
  });

  test('with every switch off, no probe gets through, and each says so in the way that programs expect', () => {
    const probes = [...new Set(cases.map(({ probe }) => probe))];
    expect(at.try('tight', probes)).toEqual(Object.fromEntries(cases.map(({ probe, off }) => [probe, off])));
  });

  test('by default those that are off are', () => {
    const off = cases.filter(({ key }) => !switchTable[key].on);
    expect(at.try('box', off.map(({ probe }) => probe))).toEqual(Object.fromEntries(off.map(({ probe, off: said }) => [probe, said])));
  });

  test.each(tried)('%s: what it is for, as outside', async (key) => {
    const mine = cases.filter((each) => each.key === key);
    const name = key.slice('allow.'.length);
    const also = [...new Set(mine.flatMap(({ on = [] }) => on))];
    // All others off: the switch needs no other one.
    const words = switches.flatMap((each) => [each, String(each === key || also.includes(each))]);
    await at.create(name, 'vir', 'priv', ...words);
    const results = at.try(name, mine.map(({ probe }) => probe));
    const outside = at.try(undefined, mine.map(({ probe }) => probe));
    for (const { probe, off, allowed } of mine) {
      const said = outside[probe] === off ? new RegExp(`^${off}$`) : allowed;
      expect([probe, results[probe]]).toEqual([probe, expect.stringMatching(said)]);
    }
    expect(at.status(name)).toMatchObject({ CapBnd: hex(capabilityMask(capabilitiesOf(new Set([key, ...also])))) });
    await at.kernel.destroy(name);
  });

  test('only what is without a probe of its own is not tried above', () => {
    expect(switches.filter((key) => !tried.includes(key))).toEqual(['allow.images', 'allow.new_privs', 'allow.audit']);
  });

  test('allow.namespaces makes no user namespace, nor does allow.userns another', async () => {
    await at.create('ns', 'vir', 'priv', 'allow.namespaces', 'true');
    await at.create('user', 'vir', 'priv', 'allow.userns', 'true');
    expect(at.try('ns', ['unshare-user', 'clone-user', 'setns-any', 'clone3'])).toEqual({ 'unshare-user': 'EPERM', 'clone-user': 'EPERM', 'setns-any': 'EPERM', clone3: 'ENOSYS' });
    expect(at.try('user', ['unshare', 'clone-uts', 'setns', 'clone3'])).toEqual({ unshare: 'EPERM', 'clone-uts': 'EPERM', setns: 'EPERM', clone3: 'ENOSYS' });
  });

  test('what is no privilege is left: threads, processes, pipes', () => {
    expect(at.try('tight', ['clone-plain', 'unshare-files', 'personality', 'fifo'])).toEqual({ 'clone-plain': 'ok', 'unshare-files': 'ok', personality: 'ok', fifo: 'ok' });
    expect(at.try('tight', ['read-implies-exec', 'newer'])).toEqual({ 'read-implies-exec': 'EPERM', newer: 'ENOSYS' });
  });

  test.skipIf(process.arch !== 'x64')('system calls by x32 and i386 are refused', () => {
    const outside = at.try(undefined, ['i386']);
    expect(at.try('box', ['x32', 'i386'])).toEqual({ x32: 'ENOSYS', i386: outside['i386'] === 'ok' ? 'ENOSYS' : outside['i386'] });
  });

  test('setuid programs work with allow.new_privs only, and have no more than the image', async () => {
    const program = at.setuidProbe();
    expect(at.run('-u', '12:12', 'box', '--', program, 'euid').out).toBe('12\n');
    await at.create('suid', 'vir', 'priv', 'allow.new_privs', 'true');
    expect(at.run('-u', '12:12', 'suid', '--', program, 'euid').out).toBe('0\n');
    expect(at.status('suid')).toMatchObject({ NoNewPrivs: '0', Seccomp: '2', CapBnd: at.status('box')['CapBnd'], CapEff: at.status('box')['CapBnd'] });
    expect(at.status('suid', '-u', '12:12')).toMatchObject({ NoNewPrivs: '0', Seccomp: '2', CapEff: hex(0n) });
  });

  describe('common programs work:', () => {
    test.each([
      ['sh', ['-c', 'echo $((6*7)) | cat; ls / >/dev/null && (trap : TERM; kill -TERM $$; wait) && umask 77'], '42\n'],
      ['node', ['-e', 'new Worker("postMessage(42)", { eval: true })'.replace('new Worker', 'const { Worker } = require("worker_threads"); new Worker').replace('postMessage', 'require("worker_threads").parentPort.postMessage') + '.on("message", (m) => require("fs").promises.readFile("/proc/self/stat").then(() => console.log(m)))'], '42\n'],
      ['python3', ['-c', 'import subprocess, threading, socket; t = threading.Thread(target=lambda: print(subprocess.check_output(["echo", "42"]).decode().strip())); t.start(); t.join(); socket.socketpair()'], '42\n'],
      ['perl', ['-e', 'my $n = fork() // die; if (!$n) { exit 42 } waitpid $n, 0; print $? >> 8, "\\n"'], '42\n'],
      ['git', ['--version'], /^git version/],
      ['tar', ['--version'], /tar/],
    ] as const)('%s', (program, args, says) => {
      const outside = spawnSync(program, args, { encoding: 'utf8' });
      if (outside.status !== 0) return;
      expect(at.run('box', '--', program, ...args)).toMatchObject({ status: 0, err: '', out: typeof says === 'string' ? says : expect.stringMatching(says) });
    });

    test('tar and git, on files', () => {
      const script = `cd ${at.dir} && mkdir -p repo && cd repo && git init -q . && echo hello >file && git add file && git -c user.name=a -c user.email=a@b commit -qm first
        git log --oneline | wc -l; tar cf ../all.tar . && mkdir -p ../out && tar xf ../all.tar -C ../out && cat ../out/file`;
      const { out, err } = at.run('box', '--', 'sh', '-c', script);
      expect({ out, err }).toEqual({ out: '1\nhello\n', err: '' });
    });
  });

  test('a change is for what enters from now on; it says who keeps what', async () => {
    await at.create('changed', 'vir', 'priv', 'allow.chroot', 'true');
    const runs = at.start('changed', 'sh', '-c', `echo up; exec sleep 880`);
    if (runs.stdout !== null) await once(runs.stdout, 'data');
    const report = await at.kernel.set('changed', ['vir', 'priv', 'allow.chroot', 'false', 'allow.mknod', 'true']);
    expect(report.notes).toEqual([
      'what runs in "changed" by now keeps allow.chroot until it ends (imgctl ps changed lists it)', 'what runs in "changed" by now goes on without allow.mknod',
    ]);
    expect(at.try('changed', ['chroot', 'device'])).toEqual({ chroot: 'EPERM', device: 'ok' });
    expect((await at.kernel.set('changed', ['vir', 'priv', 'allow.chroot', 'false'])).notes).toEqual([]);
  });

  test('is found again by another kernel', async () => {
    await at.create('kept', 'vir', 'priv', 'allow.chroot', 'true');
    const other = await Lab.open();
    expect(await other.kernel.get('kept')).toContainEqual(['allow.chroot', 'true']);
    await at.kernel.set('kept', ['vir', 'priv', 'allow.mknod', 'true']);
    expect(at.try('kept', ['chroot', 'device', 'mount'])).toEqual({ chroot: 'ok', device: 'ok', mount: 'EPERM' });
    await other.close();
  });

  test('an image in it is never less restricted', async () => {
    await at.create('lab', 'children.max', '7', 'vir', 'priv', 'allow.chroot', 'true');
    await at.create('lab.heir');
    expect(at.try('lab.heir', ['chroot', 'mount'])).toEqual({ chroot: 'ok', mount: 'EPERM' });
    expect(await refusal(at.create('lab.more', 'vir', 'priv', 'allow.mount', 'true'))).toMatchObject({ code: 'EPERM', subject: 'priv.allow.mount' });
    await at.create('lab.own', 'vir', 'priv', 'allow.chroot', 'true');
    expect(at.try('lab.own', ['chroot', 'mount'])).toEqual({ chroot: 'ok', mount: 'EPERM' });
    expect(await refusal(at.kernel.set('lab.own', ['vir', 'priv', 'allow.mount', 'true']))).toMatchObject({ code: 'EPERM', subject: 'priv.allow.mount' });
    await at.kernel.destroy('lab');
    await at.create('lab', 'children.max', '7', 'vir', 'priv', 'allow.setuid', 'false');
    await at.create('lab.own', 'vir', 'priv');
    expect(at.try('lab.own', ['setuid', 'low-port'])).toEqual({ setuid: 'EPERM', 'low-port': 'ok' });
    await at.kernel.destroy('lab');
  });

  test('what images are made of is out of sight', async () => {
    await at.kernel.create(['name', 'blind', 'vir', 'priv']);
    expect(at.run('blind', '--', 'sh', '-c', 'ls -A /run/vimage; touch /run/vimage/img 2>/dev/null || echo no').out).toBe('no\n');
    expect(at.run('-e', 'blind', '--', 'ls', '/run/vimage').out).toContain('img');
    await at.kernel.destroy('blind');
  });
});
