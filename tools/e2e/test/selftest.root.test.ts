import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, workspace, World } from './lib/world.ts';

const why = cannot();

interface Outcome {
  readonly probe: string;
  readonly verdict: string;
  readonly reason: string;
}

/** What this kernel has not: the call is ENOSYS also where nothing filters it. */
const lacking = why === undefined ? new Set(spawnSync(path.join(workspace, 'packages/linux/dist/imgprobe'), ['module', 'kexec', 'other-abi', 'other-gate', 'io-uring', 'userfaultfd', 'bpf', 'perf', 'quota', 'fanotify', 'kernel-log', 'keyring', 'accounting'],
  { encoding: 'utf8' }).stdout.split('\n').filter((line) => line.includes('\tpass\t')).map((line) => line.split('\t')[0] ?? '')) : new Set<string>();

/** Which switch of `vir priv` opens what a probe tries. */
const opened: Readonly<Record<string, string>> = {
  tiocsti: 'tiocsti', 'tiocsti-high': 'tiocsti', tioclinux: 'tiocsti', 'tioclinux-high': 'tiocsti', mount: 'mount', 'mount-fsopen': 'mount', 'mount-open-tree': 'mount', 'pivot-root': 'mount',
  covers: 'mount', remount: 'mount', 'cgroup-mount': 'mount', 'mount-namespace': 'namespaces', 'net-namespace': 'namespaces', setns: 'namespaces', 'user-namespace': 'userns',
  'clone-user-namespace': 'userns', 'io-uring': 'io_uring', bpf: 'bpf', perf: 'perf', userfaultfd: 'userfaultfd', keyring: 'keyring', ptrace: 'ptrace', 'read-memory': 'ptrace',
  'file-handle': 'file_handles', module: 'modules', kexec: 'kexec', reboot: 'reboot', accounting: 'accounting', hostname: 'set_hostname', clock: 'clock', fanotify: 'fanotify', quota: 'quotas',
  'kernel-log': 'read_msgbuf', 'raw-4': 'raw_sockets', 'raw-6': 'raw_sockets', packet: 'raw_sockets', vsock: 'socket_af', alg: 'socket_af', 'net-admin': 'net_admin', 'no-new-privs': 'new_privs',
  capabilities: 'ptrace', xattr: 'file_caps', 'device-file': 'mknod',
};
/** What nothing but the lack of a section opens. */
const without: Readonly<Record<string, readonly string[]>> = {
  'vir priv': ['filter', 'other-gate'],
  'vir proc': ['host-process', 'environ-of-others'],
  'vir net': ['loopback-4', 'loopback-6', 'abstract-socket', 'fd-passing'],
  'vir user': ['root-outside'],
  'vir fs': ['nosuid'],
};
/** What only an image fails that has nothing: each of several sections prevents it. */
const bare = ['imgexec', 'joining', 'exe-of-joining', 'kernel-files', 'files-of-root', 'host-process', 'fd-passing', 'swap', 'signals', 'setuid-file', 'cgroup-write', 'release-agent'];
const sections = ['vir user', 'vir fs root host tmpfs /tmp=4m', 'vir net', 'vir proc', 'vir priv'];

describe.skipIf(why !== undefined)(`imgctl selftest${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];
  beforeAll(async () => { ({ world, before } = await World.started()); });
  afterAll(async () => {
    await world.ok('ls');
    expect(await world.traces()).toEqual(before);
    await world[Symbol.asyncDispose]();
  });

  const probe = async (...words: readonly string[]): Promise<{ readonly status: number; readonly outcomes: readonly Outcome[] }> => {
    const { status, out, err } = await world.imgctl('selftest', '--json', ...words);
    expect(err).toBe('');
    return { status, outcomes: JSON.parse(out) as readonly Outcome[] };
  };
  /** Of an image of these sections, that is there for only that. */
  const probeOf = async (words: readonly string[], ...options: readonly string[]): ReturnType<typeof probe> => {
    await world.ok('create', 'name', 'probed', ...words.flatMap((text) => text.split(' ')));
    try {
      return await probe(...options, 'probed');
    } finally {
      await world.ok('destroy', 'probed');
    }
  };
  const verdicts = (outcomes: readonly Outcome[], verdict: string): readonly string[] => outcomes.filter((each) => each.verdict === verdict).map((each) => each.probe);

  it('finds nothing to fail in a full box, and leaves none', { timeout: 60_000 }, async () => {
    const { status, outcomes } = await probe();
    expect(outcomes.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    expect(status).toBe(0);
    expect(outcomes.length).toBeGreaterThan(80);
    expect(verdicts(outcomes, 'na')).toEqual([]);
    expect(await world.ok('ls')).not.toContain('selftest');
  });

  it('says of an image that was asked for less which section would prevent it, and fails only where all is asked for', async () => {
    const { status, outcomes } = await probeOf([]);
    expect(status).toBe(0);
    expect(outcomes.find((each) => each.probe === 'tiocsti')).toMatchObject({ verdict: 'na', reason: expect.stringContaining('it takes vir priv') as string });
    const strict = await probeOf([], '--strict');
    expect(strict.status).toBe(1);
    const there = strict.outcomes.filter(({ reason }) => reason !== 'there is none').map((each) => each.probe);
    expect(bare.filter((name) => there.includes(name) && !verdicts(strict.outcomes, 'fail').includes(name))).toEqual([]);
  });

  it('sees the roots of others where nothing keeps it from them', async () => {
    expect((await probeOf(['vir fs root host'], '--strict', '--probe', 'roots-of-others')).outcomes).toMatchObject([{ verdict: 'fail' }]);
    expect((await probeOf(['vir fs root host', 'vir priv'], '--strict', '--probe', 'roots-of-others')).outcomes).toMatchObject([{ verdict: 'pass' }]);
  });

  it('sees imgexec within reach where an image without files of its own executes it', async () => {
    const what = ['--strict', '--probe', 'exe-of-joining'];
    // It is there for a moment, which the probe on a busy machine may not meet.
    let found: readonly Outcome[] = [];
    for (let looks = 0; looks < 3 && verdicts(found, 'fail').length === 0; looks++) found = (await probeOf(['vir proc', 'vir priv'], ...what)).outcomes;
    expect(found).toMatchObject([{ verdict: 'fail', reason: expect.stringContaining('imgexec can be overwritten') as string }]);
    expect((await probeOf(['vir fs root host', 'vir proc', 'vir priv'], ...what)).outcomes).toMatchObject([{ verdict: 'pass', reason: expect.stringMatching(/^seen \d+ times/) as string }]);
  });

  it('sees each switch that is opened', { timeout: 120_000 }, async () => {
    const names = [...new Set(Object.values(opened))];
    // Without users of its own: in a user namespace the kernel refuses most of it once more.
    const words = ['vir fs root host mask /usr/share tmpfs /tmp=4m', 'vir net', 'vir proc', `vir priv ${names.map((name) => `allow.${name} true`).join(' ')}`];
    const { status, outcomes } = await probeOf(words);
    expect(status).toBe(1);
    const failed = verdicts(outcomes, 'fail');
    expect(Object.keys(opened).filter((name) => !failed.includes(name) && !lacking.has(name))).toEqual([]);
  });

  it.each(Object.entries(without))('sees what is missing without %s', { timeout: 60_000 }, async (section, probes) => {
    const words = sections.filter((each) => !each.startsWith(section));
    const only = probes.flatMap((name) => ['--probe', name]);
    const strict = await probeOf(words, '--strict', ...only);
    expect(probes.filter((name) => !verdicts(strict.outcomes, 'fail').includes(name) && !lacking.has(name))).toEqual([]);
    expect((await probeOf(words, ...only)).outcomes.filter(({ verdict, probe: name }) => verdict === 'fail' && probes.includes(name))).toEqual([]);
  });

  it('prints a table, and one probe where it is asked for', async () => {
    expect(await world.ok('selftest', '--probe', 'session', '--probe', 'setuid-helper')).toMatch(/^PROBE +VERDICT +TRIES +REASON\nsession +pass .*\nsetuid-helper +pass .*\n2 probes: 2 passed, 0 failed, 0 not applicable\n$/);
    expect((await world.imgctl('selftest', '--probe', 'nosuch')).err).toMatch(/^imgctl: EINVAL: there is no probe "nosuch"/);
    expect((await world.imgctl('selftest', 'nosuch')).err).toMatch(/^imgctl: ESRCH/);
  });
});
