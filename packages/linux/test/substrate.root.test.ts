import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, closeSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SpawnRequest, StoredImage } from '@vimage/core';
import { leaks, machine } from '../../testing/src/leaks.ts';
import { LinuxSubstrate, linuxOf, openPath } from '../src/index.ts';
import { onCall } from '../src/door.ts';
import { setOption } from '../src/sys/socket.ts';
import { needRoot } from './rights.ts';
import { emptyRun, makeNet, privateCgroup, privateRun, record, removeNet } from './rig.ts';

let linux: LinuxSubstrate;
let before: ReturnType<typeof machine>;
const marker = `VIMAGE_TEST=${process.pid}-${Date.now()}`;
process.env['VIMAGE_TEST'] = marker.slice('VIMAGE_TEST='.length);
const give = async (): Promise<readonly string[]> => [];

const live = (command: string, ...args: string[]): SpawnRequest => ({ command, args, effective: false, only: [] });
const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal === null ? code : 128)));

async function output(image: StoredImage, request: SpawnRequest): Promise<string> {
  const child = linux.spawn(image, request, ['ignore', 'pipe', 'pipe']);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (text += data.toString()));
  await new Promise((resolve) => child.on('close', resolve));
  return text.trim();
}

/** Kills imgexec --serve, and waits until it has died: a signal is on its way when kill(2) returns, no more. */
async function endPinner(): Promise<void> {
  const pinner = await linux.pinner();
  process.kill(pinner.pid, 'SIGKILL');
  await expect.poll(() => pinner.alive).toBe(false);
}

/** Starts a shell script in the image and waits for its first line. */
async function start(image: StoredImage, script: string): Promise<ChildProcess> {
  const child = linux.spawn(image, live('sh', '-c', script), ['ignore', 'pipe', 'inherit']);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

describe.skipIf(needRoot.missing)(`the Linux substrate${needRoot.note}`, () => {
  let back: () => void;
  beforeAll(() => {
    privateRun();
    back = privateCgroup();
  });
  afterAll(() => back());
  beforeEach(() => {
    emptyRun();
    before = machine({ marker });
    linux = new LinuxSubstrate();
    linux.open();
  });
  afterEach(async () => {
    onCall(undefined);
    for (const image of (await linux.load())?.images ?? []) {
      await linux.end(image, { grace: 0 });
      await removeNet(linux, image);
    }
    await linux.gc(give);
    await linux.close();
    let left: readonly string[] = ['?'];
    for (const until = Date.now() + 3000; left.length > 0 && Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 10))) {
      left = leaks(before, machine({ marker }), ['mounts', 'namespaces', 'links', 'processes', 'cgroups']);
    }
    expect(left).toEqual([]);
    expect(existsSync('/run/vimage')).toBe(false);
  });

  it('runs a program in an image, and on it', async () => {
    const image = await makeNet(linux, 'web');
    const inside = await output(image, live('readlink', '/proc/self/ns/net'));
    expect(inside).toMatch(/^net:\[\d+\]$/);
    using pin = await linux.openPin(image.serial, 'net', 'net');
    expect(inside).toBe(`net:[${pin.ino}]`);
    expect(await output(image, { ...live('readlink', '/proc/self/ns/net'), effective: true })).toBe(inside);
    expect(await output(image, { ...live('sh', '-c', 'echo $SECRET-$HOME'), env: { SECRET: 'x' }, cleanEnv: true })).toBe('x-');
    expect(await ended(linux.spawn(image, live('sh', '-c', 'exit 7')))).toBe(7);
    expect(() => linux.spawn(image, { ...live('true'), only: ['net'] })).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    expect(() => linux.spawn(image, live('a\0b'))).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });

  it('starts a program on an image without a process between, where no mount view is wanted', async () => {
    const image = await makeNet(linux, 'web');
    const inside = await output(image, live('readlink', '/proc/self/ns/net'));
    const across = (...words: [string, ...string[]]): SpawnRequest => ({ ...live(...words), effective: true, view: false });
    expect(await output(image, across('readlink', '/proc/self/ns/net'))).toBe(inside);
    expect(readlinkSync('/proc/thread-self/ns/net'), 'we are where we were').not.toBe(inside);
    expect(await output(image, { ...across('sh', '-c', 'pwd; echo $X-$HOME; readlink /proc/$PPID/exe'), cwd: '/usr', env: { X: '1' }, cleanEnv: true })).toBe(`/usr\n1-\n${readlinkSync('/proc/self/exe')}`);
    expect(await ended(linux.spawn(image, across('sh', '-c', 'exit 7')))).toBe(7);
    expect(await output(image, { ...across('id', '-u'), user: '65534:65534' }), 'imgexec does what takes more').toBe('65534');
    expect(() => linux.spawn(image, { ...live('true'), view: false })).toThrow(expect.objectContaining({ code: 'EINVAL', subject: 'view' }));
    const lost = linux.spawn(image, across('/no/such/program'));
    expect(await once(lost, 'error').catch((error: unknown) => [error])).toMatchObject([{ code: 'ENOENT' }]);
    (await linux.pinner()).unpin(image.serial, 'net');
    using other = linux.netnsCreate();
    (await linux.pinner()).pin(image.serial, 'net', other);
    (await linux.pinner()).settle();
    expect(() => linux.spawn(image, across('true'))).toThrow(expect.objectContaining({ code: 'ESTALE' }));
  });

  it('lists what lives in an image, and signals it by stable identity', async () => {
    const image = await makeNet(linux, 'web');
    expect(linux.processes(image)).toEqual([]);
    const child = await start(image, 'echo up; exec sleep 987');
    await expect.poll(() => linux.processes(image).map(({ command }) => command)).toEqual(['sleep 987']);
    const sleeper = linux.processes(image).find(({ command }) => command === 'sleep 987');
    expect(sleeper).toMatchObject({ uid: 0, command: 'sleep 987' });
    expect(Number(sleeper?.start)).toBeGreaterThan(0);
    expect(linux.imageOf(sleeper?.pid ?? 0)).toBe(image.serial);
    expect(linux.imageOf(process.pid)).toBeUndefined();
    expect(() => linux.signal(image, process.pid, 'TERM')).toThrow(expect.objectContaining({ code: 'ESRCH' }));
    expect(() => linux.signal(image, 2 ** 22 - 1, 'TERM')).toThrow(expect.objectContaining({ code: 'ESRCH' }));
    expect(() => linux.signal(image, sleeper?.pid ?? 0, 'NOTHING')).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    const empty = linux.emptied(image);
    const done = ended(child);
    linux.signal(image, sleeper?.pid ?? 0, 'TERM');
    await empty;
    await done;
    expect(linux.processes(image)).toEqual([]);
    await linux.emptied(image);
  });

  it.each([
    ['what obeys SIGTERM', 'sleep 500 & sleep 501 & echo up; wait', 5000, 4000],
    ['what ignores SIGTERM', "trap '' TERM; echo up; while :; do sleep 100; done", 200, 5000],
    ['what is stopped', "echo up; kill -STOP $$; sleep 5", 100, 5000],
    ['what became a daemon', "(setsid sh -c 'echo up; sleep 500 & sleep 501' &) ; exit 0", 200, 5000],
    ['what unshared everything', "unshare -mnipf --kill-child sh -c 'echo up; sleep 500 & sleep 501'", 200, 5000],
    ['what keeps forking', "trap '' TERM; echo up; f() { sleep 0.01 & f & }; i=0; while [ $i -lt 30 ]; do (while :; do sleep 0.005 & wait; done) & i=$((i+1)); done; wait", 100, 10_000],
  ])('ends %s', { timeout: 30_000 }, async (_, script, grace, most) => {
    const image = await makeNet(linux, 'web');
    const child = await start(image, script);
    const begin = performance.now();
    expect(await linux.end(image, { grace })).toBeGreaterThan(0);
    expect(performance.now() - begin).toBeLessThan(most);
    expect(linux.processes(image)).toEqual([]);
    child.stdout?.destroy();
    // imgexec stops with its program, as a shell's job does, and waits outside to be continued.
    child.kill('SIGCONT');
    expect(await removeNet(linux, image)).toBe(true);
  });

  it('ends what is frozen', async () => {
    const image = await makeNet(linux, 'web');
    await start(image, 'echo up; while :; do sleep 100; done');
    const pid = linux.processes(image)[0]?.pid ?? 0;
    const path = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n').find((line) => line.startsWith('0::'))?.slice(3) ?? '';
    const freeze = `${linux.cgroups?.mount}${path}/cgroup.freeze`;
    if (linux.cgroups?.kind !== 'v2' || !existsSync(freeze)) throw new Error('this test needs cgroup2');
    writeFileSync(freeze, '1');
    expect(await linux.end(image, { grace: 0 })).toBeGreaterThan(0);
    expect(linux.processes(image)).toEqual([]);
  });

  it('lets nothing in once the image is doomed', async () => {
    const image = await makeNet(linux, 'web');
    await linux.doom([image]);
    expect((await new LinuxSubstrate().load())?.images[0]?.state).toBe('removing');
    const child = linux.spawn(image, live('true'), 'ignore');
    expect(await ended(child)).toBe(125);
    expect(await linux.gc(give)).toEqual(['finished removing "web"']);
  });

  it('says who holds an image, keeps it dying, and reaps it when they let go', async () => {
    const image = await makeNet(linux, 'web');
    using pin = await linux.openPin(image.serial, 'net', 'net');
    const visitor = spawn('nsenter', [`--net=/proc/${process.pid}/fd/${pin.fd}`, 'sh', '-c', 'echo up; exec sleep 600'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const opener = spawn('sh', ['-c', `exec 9</proc/${process.pid}/fd/${pin.fd}; echo up; exec sleep 601`], { stdio: ['ignore', 'pipe', 'inherit'] });
    for (const each of [visitor, opener]) await new Promise((resolve) => each.stdout.once('data', resolve));
    const member = await start(image, 'echo up; exec sleep 602');
    const kinds = linux.holders(image).map(({ kind, pid, detail }) => [kind, pid === process.pid ? 'us' : /sleep 60\d/.exec(detail)?.[0]]);
    expect(kinds).toContainEqual(['visitor', 'sleep 600']);
    expect(kinds).toContainEqual(['fd', 'sleep 601']);
    expect(kinds).toContainEqual(['process', 'sleep 602']);
    expect(kinds).toContainEqual(['fd', 'us']);
    expect(kinds.filter(([kind]) => kind === 'mount')).toEqual([]);
    await linux.end(image, { grace: 0 });
    member.stdout?.destroy();
    pin.close();
    expect(await removeNet(linux, image)).toBe(false);
    const dying = (await new LinuxSubstrate().load())?.images;
    expect(dying).toMatchObject([{ name: 'web', state: 'dying', serial: image.serial }]);
    expect(linux.holders(image).map(({ kind }) => kind).sort()).toEqual(['fd', 'visitor']);
    const again = await makeNet(linux, 'web');
    expect(await linux.gc(give)).toEqual([]);
    const gone = [visitor, opener].map(ended);
    visitor.kill();
    opener.kill();
    await Promise.all(gone);
    expect(await linux.gc(give)).toEqual(['"web" has died at last']);
    expect((await new LinuxSubstrate().load())?.images.map(({ serial }) => serial)).toEqual([again.serial]);
  });

  it('keeps the pins of an image whose instances others share', async () => {
    const image = await makeNet(linux, 'web');
    expect(await removeNet(linux, image, true)).toBe(false);
    (await linux.openPin(image.serial, 'net', 'net')).close();
    expect(await linux.gc(give), 'their end is core\'s to say').toEqual([]);
    expect(await removeNet(linux, { ...image, state: 'dying' })).toBe(true);
  });

  it('refuses a pin that was unmounted by hand, and clears one that nobody knows', async () => {
    const image = await makeNet(linux, 'web');
    const pinner = await linux.pinner();
    pinner.unpin(image.serial);
    await expect(linux.openPin(image.serial, 'net', 'net')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await ended(linux.spawn(image, live('true'), 'ignore'))).toBe(125);
    using ns = linux.netnsCreate();
    pinner.pin(4711n, 'net', ns);
    expect(pinner.list()).toEqual(['4711/net']);
    pinner.pin(4711n, 'net', ns);
    expect(() => pinner.settle()).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect(await linux.gc(give)).toEqual(['unpinned 4711, which no image has']);
    expect(pinner.list()).toEqual([]);
  });

  it('tells whoever pinned what went wrong, and nobody else', async () => {
    const web = await makeNet(linux, 'web');
    for (const kill of [false, true]) {
      const lock = await linux.lock();
      try {
        using ns = linux.netnsCreate();
        const serial = linux.serial();
        const stage = await linux.stage({ name: 'other', serial, persist: true }, false);
        const pinner = await linux.pinner();
        if (kill) process.kill(pinner.pid, 'SIGSTOP');
        await linux.pin(serial, 'net', ns);
        const step = { ...(await linux.pin(serial, 'net', ns)), component: 'net' };
        if (kill) process.kill(pinner.pid, 'SIGKILL');
        (await linux.openPin(web.serial, 'net', 'net')).close();
        expect(() => stage.publish(record('other', serial), [step])).toThrow(expect.objectContaining({ code: kill ? 'EIO' : 'EEXIST' }));
        await stage.abort();
      } finally {
        await lock[Symbol.asyncDispose]();
      }
    }
    await linux.gc(give);
    expect((await new LinuxSubstrate().load())?.images.map(({ name }) => name)).toEqual(['web']);
    await makeNet(linux, 'other');
  });

  it('does not notice when imgexec was killed between two operations', async () => {
    const image = await makeNet(linux, 'web');
    await endPinner();
    await makeNet(linux, 'other');
    await endPinner();
    expect(await removeNet(linux, image)).toBe(true);
  });

  it('goes on when imgexec was killed', async () => {
    const image = await makeNet(linux, 'web');
    const first = await linux.pinner();
    process.kill(first.pid, 'SIGKILL');
    expect(() => {
      for (;;) first.list();
    }).toThrow(expect.objectContaining({ code: expect.stringMatching(/^E(IO|PIPE|CONNRESET)$/) }));
    (await linux.openPin(image.serial, 'net', 'net')).close();
    expect((await linux.pinner()).pid).not.toBe(first.pid);
  });

  it('opens netlink sockets that stay where they were opened, and wake the event loop', async () => {
    using ns = linux.netnsCreate();
    using socket = linux.netlink(0, ns);
    const request = Buffer.alloc(20);
    request.writeUInt32LE(20, 0);
    request.writeUInt16LE(18, 4);
    request.writeUInt16LE(0x301, 6);
    socket.send(request);
    const first = socket.recv();
    expect(Buffer.from(first).toString('latin1')).toContain('lo\0');
    expect(Buffer.from(first).toString('latin1')).not.toContain('eth');
    while (Buffer.from(socket.recv()).readUInt16LE(4) !== 3);
    expect(socket.tryRecv()).toBeUndefined();
    socket.join(1);
    const woken = new Promise<void>((resolve) => {
      const stop = socket.onReadable(() => {
        stop();
        resolve();
      });
    });
    linux.withNs(ns, () => spawnSync('ip', ['link', 'set', 'lo', 'up']));
    await woken;
    expect(Buffer.from(socket.tryRecv() ?? []).readUInt16LE(4)).toBe(16);
    socket.option(99, 1);
  });

  it('says ENOBUFS when messages were lost', () => {
    using ns = linux.netnsCreate();
    using socket = linux.netlink(0, ns);
    setOption(socket.fd, 1, 8, 4096);
    socket.join(1);
    linux.withNs(ns, () => spawnSync('sh', ['-c', 'i=0; while [ $i -lt 40 ]; do echo "link add v$i type veth peer name w$i"; i=$((i+1)); done | ip -batch -; i=0; while [ $i -lt 250 ]; do for j in 0 1 2 3 4 5 6 7 8 9; do echo "link set v$j mtu $((1000 + i))"; done; i=$((i+1)); done | ip -batch -']));
    expect(() => {
      while (socket.tryRecv() !== undefined);
    }).toThrow(expect.objectContaining({ code: 'ENOBUFS' }));
  });

  it('reads and writes sysctls of a namespace, and only there', () => {
    using ns = linux.netnsCreate();
    const mine = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim();
    linux.sysctlWrite(ns, 'net.ipv4.ip_forward', '1');
    expect(linux.sysctlRead(ns, 'net/ipv4/ip_forward')).toBe('1');
    linux.sysctlWrite(ns, 'net.ipv4.ip_forward', '0');
    expect(linux.sysctlRead(ns, 'net.ipv4.ip_forward')).toBe('0');
    expect(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim()).toBe(mine);
    expect(() => linux.sysctlRead(ns, 'net.ipv4.nothing')).toThrow(expect.objectContaining({ code: 'ENOENT', subject: 'net.ipv4.nothing' }));
    expect(() => linux.sysctlRead(ns, '../../etc/passwd')).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    expect(() => linux.sysctlWrite(ns, 'net.ipv4.ip_forward', 'many')).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });

  it('tells of changes, also of the registry coming to be', async () => {
    let count = 0;
    let wake: () => void = () => undefined;
    const change = (): Promise<void> => new Promise((resolve) => (wake = resolve));
    const watching = linux.watch(() => {
      count++;
      wake();
    });
    const first = change();
    const image = await makeNet(linux, 'web');
    await first;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const next = change();
    await linux.doom([image]);
    await next;
    expect(count).toBeGreaterThan(1);
    watching[Symbol.dispose]();
  });

  it('starts pid 1 in both namespaces, and limits how many processes there are', async () => {
    const lock = await linux.lock();
    const serial = linux.serial();
    const stage = await linux.stage({ name: 'p', serial, persist: true }, false);
    const pids = await linux.initStart({ name: 'p', serial });
    expect(pids.view).toBeGreaterThan(1);
    expect(linux.imageOf(pids.view)).toBe(serial);
    expect([...(await linux.pinner()).list()].sort()).toEqual([`${serial}/pid`, `${serial}/view`]);
    if (readFileSync('/proc/cgroups', 'utf8').includes('pids') || existsSync('/sys/fs/cgroup/cgroup.controllers')) {
      const path = linux.pidsLimit({ name: 'p', serial }, 'proc', 17);
      // In the image's own cgroup of v2 the two count.
      expect(readFileSync(`${path}/pids.max`, 'utf8').trim()).toBe(path === linux.cgroupOf({ name: 'p', serial })?.path ? '19' : '17');
    }
    await stage.abort();
    await lock[Symbol.asyncDispose]();
    expect((await linux.pinner()).list()).toEqual([]);
    for (const until = Date.now() + 2000; existsSync(`/proc/${pids.image}`) && Date.now() < until; ) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(existsSync(`/proc/${pids.view}`)).toBe(false);
    expect(existsSync(`/proc/${pids.image}`)).toBe(false);
  });

  it('knows from within which image it lives in', async () => {
    const image = await makeNet(linux, 'web');
    const dist = fileURLToPath(new URL('../dist/index.js', import.meta.url));
    const text = await output(image, live(process.execPath, '-e', `import(${JSON.stringify(dist)}).then(({ linux }) => console.log(String(linux().open().cimg)))`));
    expect(text).toBe(String(image.serial));
  });

  it('becomes the program: descriptors, signals and exit status as they should be', async () => {
    const image = await makeNet(linux, 'web');
    const dist = fileURLToPath(new URL('../dist/index.js', import.meta.url));
    const script = 'readlink /proc/self/ns/net; grep SigIgn /proc/self/status; ls /proc/self/fd | wc -l; exit 9';
    const code = `import(${JSON.stringify(dist)}).then(({ linux }) => linux().execReplace({ command: 'sh', args: ['-c', ${JSON.stringify(script)}], effective: false, only: [] }, 'web'))`;
    const { stdout, status } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
    using pin = await linux.openPin(image.serial, 'net', 'net');
    const [ns, ignored, fds] = stdout.trim().split('\n');
    expect(ns).toBe(`net:[${pin.ino}]`);
    expect(BigInt(`0x${ignored?.split(/\s+/)[1] ?? 'f'}`) & ((1n << 12n) | (1n << 24n))).toBe(0n);
    expect(Number(fds)).toBe(4);
    expect(status).toBe(9);
  });

  it('names the right that is missing', () => {
    const dist = fileURLToPath(new URL('../dist/index.js', import.meta.url));
    const code = `import(${JSON.stringify(dist)}).then(({ linux }) => { try { linux().open(); } catch (error) { console.log(error.code, error.message, '/', error.hint); } })`;
    const without = (...how: string[]): string => spawnSync('setpriv', [...how, process.execPath, '-e', code], { encoding: 'utf8', env: { ...process.env, XDG_RUNTIME_DIR: '/tmp' } }).stdout;
    expect(without('--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin')).toMatch(/^EPERM root here lacks CAP_SYS_ADMIN \/ [^]*cap-add/);
    expect(without('--reuid', '65534', '--clear-groups')).toMatch(/^EPERM .*uid 65534 \/ .*imgctl rootless -- node/);
  });

  it('holds on to nothing when it is closed', async () => {
    const image = await makeNet(linux, 'web', { persist: false });
    expect(await removeNet(linux, image)).toBe(true);
    const open = machine().fds;
    for (let i = 0; i < 5; i++) {
      const other = new LinuxSubstrate();
      const made = await makeNet(other, `n${i}`, { persist: i % 2 === 0 });
      expect(await removeNet(other, made)).toBe(true);
      other.watch(() => undefined)[Symbol.dispose]();
      await other.close();
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(leaks({ ...before, fds: open }, machine(), ['fds'])).toEqual([]);
  });

  it('lets a component have only the substrate it knows', () => {
    expect(linuxOf(linux)).toBe(linux);
    const descriptor = openSync('/proc/self/ns/net', 'r');
    closeSync(descriptor);
    expect(() => openPath('/dev/null', 'net')).toThrow(expect.objectContaining({ code: 'ESTALE' }));
  });
});
