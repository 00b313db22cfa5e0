// Each probe, where its defence is taken away: it must be seen to fail. Sections of images are taken away in tools/e2e; here it is what imgexec does, and what no section brings.
import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bringing, defences } from '../src/selftest/walls.ts';
import { imgprobePath } from '../src/imgprobe.ts';
import { parse, probeInside } from '../src/selftest/inner.ts';
import { innerProbes, outerProbes } from '../src/selftest/list.ts';
import { unsafe } from '../src/selftest/words.ts';
import { Server, buildImgexec, counted, freshNamespace, freshRegistry, identity, missingRight, privateRun, run, serial, writeImage, type Pairs } from './imgexec-rig.ts';

const missing = missingRight();
const build = (): void => {
  const { status, stderr } = spawnSync(process.execPath, [new URL('../imgprobe/build.mjs', import.meta.url).pathname], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
};

describe('what is expected of an image', () => {
  const plan = (...steps: Pairs): Pairs => counted([['vimage-plan', '1'], ['image', 'x'], ['serial', '1'], ...steps]);

  it('is told by its plan', () => {
    expect([...defences(plan(), '/r').walls]).toEqual(['entry']);
    const full = plan(['step', 'join'], ['for', 'a'], ['type', 'net'], ['pin', '1/net'], ['ino', '7'], ['step', 'seccomp'], ['for', 'b'], ['filter', ''], ['step', 'root'], ['for', 'c'], ['from', '/'],
      ['step', 'caps'], ['for', 'b'], ['keep', 'ff'], ['step', 'caps'], ['for', 'd'], ['keep', 'f0'], ['step', 'mask'], ['for', 'c'], ['to', '/x']);
    const found = defences(full, '/r');
    expect([...found.walls].sort()).toEqual(['caps', 'entry', 'files', 'filter', 'network']);
    expect(found.facts).toEqual(['registry=/r', 'ns.net=7', 'caps=f0', 'mask=/x']);
  });

  it('does not count what is only for who acts on it', () => {
    expect([...defences(plan(['step', 'join'], ['for', 'a'], ['mode', 'effective'], ['type', 'pid'], ['pin', '1/pid'], ['ino', '7']), '/r').walls]).toEqual(['entry']);
  });

  it('is named by the section that would bring it, once', () => {
    expect(bringing(['filter', 'caps', 'users'])).toBe('vir priv or vir user');
  });
});

describe('the list', () => {
  const page = readFileSync(new URL('../../../docs/selftest.md', import.meta.url), 'utf8');

  it('is what imgprobe has, but for what only an outer half can use', () => {
    build();
    const has = spawnSync(imgprobePath, ['--list'], { encoding: 'utf8' }).stdout.trim().split('\n');
    const all = [...innerProbes, ...outerProbes].map(({ name }) => name);
    expect(new Set(all).size).toBe(all.length);
    expect(has.filter((name) => !all.includes(name))).toEqual([]);
    expect(innerProbes.filter(({ name }) => !has.includes(name))).toEqual([]);
  });

  it('is in the document, line by line', () => {
    for (const { name, lines } of [...innerProbes, ...outerProbes]) {
      for (const line of lines) expect(page.split('\n').find((row) => row.startsWith(`| ${line} |`)), `line ${line}`).toContain(`\`${name}\``);
    }
    const rows = page.split('\n').flatMap((row) => /^\| (\d+) \|/.exec(row)?.[1] ?? []);
    expect(rows).toEqual(Array.from({ length: 33 }, (_, i) => String(i + 1)));
  });

  it('has each probe in a test that takes its defence away', () => {
    const kernelsOwn = ['listmount']; // even a chroot hides from it what is outside
    const tests = ['selftest.root.test.ts', 'selftest-outer.root.test.ts', '../../../tools/e2e/test/selftest.root.test.ts'].map((name) => readFileSync(new URL(name, import.meta.url), 'utf8')).join('\n');
    expect([...innerProbes, ...outerProbes].map(({ name }) => name).filter((name) => !new RegExp(`['\\s]${name}['":,]`).test(tests.replace(/kernelsOwn = .*/, '')))).toEqual(kernelsOwn);
  });

  it('makes what says nothing a failure', () => {
    expect(parse('a\tpass\tx\nb\tsure\ty\nc')).toEqual(new Map([['a', { verdict: 'pass', reason: 'x' }]]));
  });

  it('knows a program that is set-user-ID, or that others may write', () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'selftest-')), 'program');
    writeFileSync(file, '');
    for (const [mode, bad] of [[0o755, false], [0o4755, true], [0o2755, true], [0o775, true], [0o757, true]] as const) {
      chmodSync(file, mode);
      expect(unsafe(file), mode.toString(8)).toBe(bad);
    }
    rmSync(path.dirname(file), { recursive: true });
  });
});

describe.skipIf(missing)(`probes where a defence is missing${missing ? ` (skipped: ${missing} is missing)` : ''}`, () => {
  let server: Server, dir: string;
  beforeAll(() => {
    privateRun();
    freshRegistry();
    buildImgexec();
    build();
    server = new Server();
    server.ok('hello');
    dir = mkdtempSync(path.join(tmpdir(), 'selftest-'));
    copyFileSync(imgprobePath, path.join(dir, 'imgprobe'));
  });
  afterAll(async () => {
    rmSync(dir, { recursive: true });
    server.ok('close');
    await server.close();
  });

  /** An image of these steps, for as long as `use` takes. */
  async function box<T>(steps: Pairs, use: () => Promise<T>): Promise<T> {
    const number = String(serial.next++);
    const at = writeImage('box', [['vimage-plan', '1'], ['image', 'box'], ['serial', number], ...steps]);
    try {
      return await use();
    } finally {
      server.ok('unpin', number);
      rmSync(at, { recursive: true });
    }
  }
  const inside = async (steps: Pairs, name: string, facts: readonly string[] = [], more: object = {}): Promise<string> =>
    box(steps, async () => {
      const said = (await probeInside({ name: 'box', ...more }, [name], facts)).get(name);
      return `${said?.verdict} ${said?.reason}`;
    });
  /** Without imgexec: another program starts it. */
  const outside = (command: readonly string[], name: string, ...facts: readonly string[]): string => {
    const [first = '', ...rest] = [...command, ...facts, name];
    const { stdout, stderr } = spawnSync(first, rest, { encoding: 'utf8' });
    const said = parse(stdout).get(name);
    return said === undefined ? `nothing: ${stderr}` : `${said.verdict} ${said.reason}`;
  };

  it('session: acting on an image is in the session of who acts', async () => {
    expect(await inside([], 'session')).toMatch(/^pass/);
    expect(await inside([], 'session', [], { options: ['-e'] })).toMatch(/^fail/);
  });

  it('own-exe: a program of the image’s own files', async () => {
    expect(await inside([], 'own-exe')).toMatch(/^pass/);
    expect(outside([imgprobePath], 'own-exe')).toMatch(/^fail/);
  });

  it('descriptors: started by who closes none', async () => {
    const fds = ['/', '/etc/passwd'].map((at) => openSync(at, 'r'));
    expect(await inside([], 'descriptors', [], { leaked: { fds } })).toMatch(/^pass/);
    const { stdout } = spawnSync(imgprobePath, ['descriptors'], { stdio: ['ignore', 'pipe', 'inherit', ...fds], encoding: 'utf8' });
    expect(stdout).toMatch(/^descriptors\tfail\tdescriptor 3 is open: a directory/);
    for (const fd of fds) closeSync(fd);
  });

  it('cwd: a root that was changed while a directory outside was open', async () => {
    expect(await inside([], 'cwd', [], { leaked: { cwd: dir } })).toMatch(/^pass/);
    expect(outside(['nsenter', `--root=${dir}`, '--wd=/', '--', '/imgprobe'], 'cwd')).toMatch(/^fail/);
  });

  it('chroot: a root that is nothing but one', () => {
    mkdirSync(path.join(dir, 'dev'));
    expect(outside(['chroot', dir, '/imgprobe'], 'chroot')).toBe('fail chroot and .. lead above our root');
  });

  it('environment: without --clean-env', async () => {
    const leaked = { env: { SECRET: 'abcdef' } };
    expect(await inside([], 'environment', ['secret=abcdef'], { leaked, options: ['--clean-env'] })).toMatch(/^pass/);
    expect(await inside([], 'environment', ['secret=abcdef'], { leaked })).toMatch(/^fail SECRET is the caller/);
  });

  it('procfs: a directory that only looks like one', async () => {
    const script = 'mount -t tmpfs none /proc && mkdir /proc/self && touch /proc/self/stat /proc/self/status && exec "$0" procfs';
    expect(outside(['unshare', '-m', 'sh', '-c', script], imgprobePath)).toMatch(/^nothing/);
    expect(spawnSync('unshare', ['-m', 'sh', '-c', script, imgprobePath], { encoding: 'utf8' }).stdout).toMatch(/^procfs\tfail\t\/proc\/self\/status is no file of procfs/);
    expect(outside(['unshare', '-pf', imgprobePath], 'procfs')).toBe('fail /proc is of another process table');
  });

  it('covers: a mask, and the right to mount', async () => {
    const steps: Pairs = [['step', 'mask'], ['for', 'test'], ['to', dir]];
    expect(await inside(steps, 'covers', [`mask=${dir}`])).toBe(`fail ${dir}: what covers it can be taken away`);
    expect(await inside([...steps, ['step', 'caps'], ['for', 'test'], ['keep', '0']], 'covers', [`mask=${dir}`])).toMatch(/^pass/);
  });

  it('namespaces: a plan that lost a step', async () => {
    const fd = freshNamespace('-n', 'net');
    const id = identity(fd);
    const number = String(serial.next);
    server.ok('pin', number, 'net', String(fd));
    closeSync(fd);
    const join: Pairs = [['step', 'join'], ['for', 'test'], ['type', 'net'], ['pin', `${number}/net`], ['ino', id.ino], ...(id.id === '' ? [] : [['id', id.id] as [string, string]])];
    const { facts } = defences(join, '/run/vimage');
    expect(await inside(join, 'namespaces', facts)).toBe('pass 1, all of them the image\'s');
    expect(await inside([], 'namespaces', facts)).toBe('fail in another net namespace than the image\'s');
  });

  it('groups, setgroups: users of one’s own, made by who gave up no group', () => {
    expect(outside(['setpriv', '--groups', '1234', 'unshare', '-U', '--map-root-user', imgprobePath], 'groups')).toMatch(/^fail/);
    expect(outside(['unshare', '-U', '--map-root-user', imgprobePath], 'setgroups')).toMatch(/^pass deny/);
    expect(outside(['unshare', '-U', '--map-user=0', '--setgroups', 'allow', imgprobePath], 'setgroups')).toMatch(/^fail/);
  });

  it('inheritable: what the caller leaves inheritable', async () => {
    expect(outside(['setpriv', '--inh-caps', '+net_raw', imgprobePath], 'inheritable')).toMatch(/^fail inheritable/);
    expect(await inside([['step', 'caps'], ['for', 'test'], ['keep', 'ff']], 'inheritable')).toMatch(/^pass/);
  });

  it('mountinfo: pins that can be seen', () => {
    expect(outside([imgprobePath], 'mountinfo', 'registry=/run/vimage')).toMatch(/^fail a namespace is mounted at \/run\/vimage\/mnt/);
    expect(outside([imgprobePath], 'registry', 'registry=/run/vimage')).toMatch(/^fail \/run\/vimage\/img can be seen/);
  });

  it('setuid-file, nosuid: a place to write that honours it', async () => {
    const root: Pairs = [['step', 'root'], ['for', 'test'], ['fs', 'tmpfs'], ['data', 'mode=0755,size=4m']];
    const proc: Pairs = [['step', 'mount'], ['for', 'test'], ['fs', 'proc'], ['to', '/proc'], ['make', 'dir']];
    expect(await inside([...root, ...proc], 'setuid-file')).toBe('fail a setuid program in / made another user root');
    expect(await inside([...root, ['flags', 'nosuid'], ...proc], 'setuid-file')).toBe('pass it gives nothing');
    expect(await inside([...root, ...proc], 'nosuid')).toMatch(/^fail \//);
    expect(await inside([...root, ['flags', 'nosuid'], ...proc], 'nosuid')).toMatch(/^pass/);
    expect(await inside([...root, ...proc], 'device-file')).toBe('fail a device file made in / works');
    expect(await inside([...root, ['flags', 'nodev'], ...proc], 'device-file')).toBe('pass it cannot be opened');
    expect(await inside([...root, ...proc], 'xattr')).toMatch(/^fail/);
  });

  it('--exec-fd executes a copy that nobody can write, and nothing that is no descriptor', async () => {
    const steps: Pairs = [['step', 'root'], ['for', 'test'], ['fs', 'tmpfs'], ['data', 'mode=0755,size=1m']];
    expect(await inside(steps, 'session')).toMatch(/^pass/);
    await box(steps, () => {
      expect(run(['--exec-fd', '3', 'box', '--', 'x'])).toMatchObject({ status: 125, err: expect.stringMatching(/^imgexec: EBADF: --exec-fd/) });
      const fd = openSync('/etc/passwd', 'r');
      expect(run(['--exec-fd', '3', 'box', '--', 'x'], { stdio: ['ignore', 'pipe', 'pipe', fd] })).toMatchObject({ status: 126, err: expect.stringMatching(/^imgexec: ENOEXEC/) });
      closeSync(fd);
      return Promise.resolve();
    });
  });

  it('leaves nothing where it planted something', () => {
    outside([imgprobePath], 'setuid-file');
    outside([imgprobePath], 'device-file');
    outside([imgprobePath], 'xattr');
    for (const at of ['/dev', '/tmp', '/dev/shm', '/']) expect(readdirSync(at).filter((name) => name.startsWith('.imgprobe'))).toEqual([]);
  });
});
