// A registry of its own for imgexec's tests: this thread gets a private mount namespace with an empty /run, and the
// server is driven over a SEQPACKET pair, which Node itself cannot make.
import { spawn, spawnSync, type ChildProcess, type SpawnSyncOptions } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';

const linux = join(dirname(fileURLToPath(import.meta.url)), '..');
export const imgexec = join(linux, 'dist', 'imgexec');

const libc = koffi.load('libc.so.6');
const unshare = libc.func('int unshare(int)');
const mount = libc.func('int mount(const char *, const char *, const char *, unsigned long, const char *)');
const socketpair = libc.func('int socketpair(int, int, int, _Out_ int *)');
const setsockopt = libc.func('int setsockopt(int, int, int, const void *, int)');
const send = libc.func('long send(int, const void *, size_t, int)');
const recv = libc.func('long recv(int, void *, size_t, int)');
const ioctl = libc.func('int ioctl(int, unsigned long, _Out_ uint64_t *)');
const flockCall = libc.func('int flock(int, int)');
export const prctl = libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');

const CLONE_NEWNS = 0x20000;

export function buildImgexec(...args: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [join(linux, 'imgexec', 'build.mjs'), ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** The right that is missing for these tests, or undefined. */
export function missingRight(): string | undefined {
  if (process.getuid?.() !== 0) return 'root';
  const caps = BigInt(`0x${/^CapEff:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  for (const [name, bit] of [['CAP_SYS_ADMIN', 21n], ['CAP_NET_ADMIN', 12n], ['CAP_SYS_CHROOT', 18n]] as const)
    if (!((caps >> bit) & 1n)) return name;
  return spawnSync('unshare', ['-mpfn', 'true']).status === 0 ? undefined : 'unshare(2) of mount, pid and net namespaces';
}

function check(result: number, what: string): void {
  if (result < 0) throw new Error(`${what}: errno ${koffi.errno()}`);
}

/** LOCK_EX. */
export function flock(fd: number): void {
  check(flockCall(fd, 2), 'flock');
}

export function privateRun(): void {
  check(unshare(CLONE_NEWNS), 'unshare');
  check(mount(null, '/', null, 0x44000, null), 'mount private');
  check(mount('run', '/run', 'tmpfs', 0, 'mode=0755'), 'mount /run');
}

export function freshRegistry(): void {
  mkdirSync('/run/vimage/img', { recursive: true, mode: 0o700 });
}

export interface Run {
  status: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

export function run(args: string[], options: SpawnSyncOptions & { bin?: string } = {}): Run {
  const r = spawnSync(options.bin ?? imgexec, args, { timeout: 30_000, maxBuffer: 1 << 26, ...options, encoding: 'utf8' });
  return { status: r.status, signal: r.signal, out: String(r.stdout ?? ''), err: String(r.stderr ?? '') };
}

export type Pairs = [string, string][];

export function encode(pairs: Pairs): Buffer {
  return Buffer.from(pairs.flat().map((s) => `${s}\0`).join(''), 'utf8');
}

/** With the number of pairs from the first step on, as a plan must have it. */
export function counted(plan: Pairs): Pairs {
  if (plan.some(([key]) => key === 'steps')) return plan;
  const first = plan.findIndex(([key]) => key === 'step');
  const at = first < 0 ? plan.length : first;
  return [...plan.slice(0, at), ['steps', String(plan.length - at)], ...plan.slice(at)];
}

export function writeImage(name: string, plan: Pairs | Buffer): string {
  const dir = `/run/vimage/${name.split('.').map((word) => `img/${word}`).join('/')}`;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, 'plan'), Buffer.isBuffer(plan) ? plan : encode(counted(plan)), { mode: 0o600 });
  return dir;
}

export class Server {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  readonly #prefixed: boolean;
  #fd: number;

  /** With a prefix (strace, which holds the socket too) there may be no end of file: two seconds of silence are one. */
  constructor(bin = imgexec, prefix: string[] = []) {
    this.#prefixed = prefix.length > 0;
    const pair = [0, 0];
    check(socketpair(1, 5 | 0o2000000, 0, pair), 'socketpair');
    const [ours = -1, theirs = -1] = pair;
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(prefix.length ? 2n : 20n);
    check(setsockopt(ours, 1, 20, timeout, 16), 'setsockopt');
    this.#fd = ours;
    const [command = bin, ...args] = [...prefix, bin, '--serve'];
    this.child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', theirs] });
    this.exit = new Promise((resolve) => this.child.once('exit', resolve));
    closeSync(theirs);
  }

  /** Empty when the server has ended. */
  receive(): string[] {
    const buffer = Buffer.alloc(1 << 16);
    let n: number;
    do n = Number(recv(this.#fd, buffer, buffer.length, 0));
    while (n < 0 && koffi.errno() === 4); // EINTR: the runtime's own signals
    if (n < 0 && (koffi.errno() === 104 || (koffi.errno() === 11 && this.#prefixed))) return []; // ECONNRESET: killed with the request unread
    if (n < 0) throw new Error(`recv: errno ${koffi.errno()}`);
    return n === 0 ? [] : buffer.toString('latin1', 0, n - 1).split('\0');
  }

  send(...request: string[]): boolean {
    const message = Buffer.from(request.map((s) => `${s}\0`).join(''), 'latin1');
    return Number(send(this.#fd, message, message.length, 0x4000)) === message.length;
  }

  sendRaw(message: Buffer): void {
    send(this.#fd, message, message.length, 0x4000);
  }

  call(...request: string[]): string[] {
    return this.send(...request) ? this.receive() : [];
  }

  ok(...request: string[]): string[] {
    const [verdict, ...values] = this.call(...request);
    if (verdict !== 'ok') throw new Error(`${request.join(' ')}: ${[verdict, ...values].join(' ')}`);
    return values;
  }

  list(): string[] {
    const pins: string[] = [];
    for (let [verdict, ...values] = this.call('list'); ; [verdict, ...values] = this.receive()) {
      pins.push(...values);
      if (verdict === 'ok') return pins;
      if (verdict !== 'more') throw new Error(`list: ${verdict} ${values.join(' ')}`);
    }
  }

  async close(): Promise<number | null> {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    return this.exit;
  }
}

export interface Identity {
  ino: string;
  id: string;
}

export function identity(fd: number): Identity {
  const id = [0n];
  const known = ioctl(fd, 0x8008b70d, id) === 0;
  return { ino: String(fstatSync(fd, { bigint: true }).ino), id: known ? String(id[0]) : '' };
}

/** A network, uts, ... namespace that nobody lives in. The caller closes it. */
export function freshNamespace(flag: string, type: string): number {
  const holder = spawn('unshare', [flag, 'sh', '-c', 'echo; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const before = `/proc/self/ns/${type}`;
  const own = fstatInode(before);
  try {
    for (const end = Date.now() + 10_000; ; ) {
      const fd = openSync(`/proc/${holder.pid}/ns/${type}`, 'r');
      if (String(fstatSync(fd, { bigint: true }).ino) !== own) return fd;
      closeSync(fd);
      if (Date.now() > end) throw new Error(`no ${type} namespace`);
    }
  } finally {
    holder.kill('SIGKILL');
  }
}

function fstatInode(path: string): string {
  const fd = openSync(path, 'r');
  try {
    return String(fstatSync(fd, { bigint: true }).ino);
  } finally {
    closeSync(fd);
  }
}

export function processes(match: (pid: number, cmdline: string) => boolean): number[] {
  return readdirSync('/proc').map(Number).filter((pid) => {
    if (!pid) return false;
    try {
      return match(pid, readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim());
    } catch {
      return false;
    }
  });
}

/** Inode of a process's namespace, or '' when it is gone. */
export function namespaceOf(pid: number, type: string): string {
  try {
    return fstatInode(`/proc/${pid}/ns/${type}`);
  } catch {
    return '';
  }
}

export const serial = { next: 1000 };

export interface World {
  server: Server;
  serial: string;
  view: number;
  first: number;
  plan: Pairs;
  dir: string;
}

export const viewSteps: Pairs = [
  ['step', 'mount'], ['for', 'proc'], ['fs', 'proc'], ['to', '/proc'], ['flags', 'nosuid,nodev,noexec'], ['mode', 'live'],
  ['step', 'mount'], ['for', 'net'], ['fs', 'sysfs'], ['to', '/sys'], ['flags', 'nosuid,nodev,noexec'], ['keep', '/sys/fs/cgroup'],
  ['step', 'mount'], ['for', 'proc'], ['fs', 'proc'], ['to', '/proc'], ['mode', 'effective'], ['ask', 'yes'],
  ['step', 'cover'], ['for', 'proc'], ['to', '/run/vimage'], ['mode', 'live'],
];

/** An image with a network stack, two pid namespaces and a mount view of its own. */
export function makeWorld(name: string, server: Server, cgroup?: { path: string; kind: string }): World {
  const s = String(serial.next++);
  const net = freshNamespace('-n', 'net');
  const uts = freshNamespace('-u', 'uts');
  const plan: Pairs = [['vimage-plan', '1'], ['image', name], ['serial', s]];
  if (cgroup) plan.push(['cgroup', cgroup.path], ['cgroup.kind', cgroup.kind]);
  const join = (type: string, pin: string, component: string, id: Identity, ...more: Pairs): void => {
    plan.push(['step', 'join'], ['for', component], ['type', type], ['pin', `${s}/${pin}`], ['ino', id.ino]);
    if (id.id) plan.push(['id', id.id]);
    plan.push(...more);
  };
  server.ok('pin', s, 'net', String(net));
  server.ok('pin', s, 'uts', String(uts));
  const dir = writeImage(name, plan);
  const [view = '0', first = '0'] = server.ok('init', s, cgroup?.path ?? dir, cgroup?.kind ?? 'dir');
  const pidOf = (pid: string): Identity => {
    const fd = openSync(`/proc/${pid}/ns/pid`, 'r');
    try {
      return identity(fd);
    } finally {
      closeSync(fd);
    }
  };
  join('net', 'net', 'net', identity(net));
  join('uts', 'uts', 'uts', identity(uts));
  join('pid', 'pid', 'proc', pidOf(first), ['mode', 'live']);
  join('pid', 'view', 'proc', pidOf(view), ['mode', 'effective'], ['ask', 'yes']);
  plan.push(...viewSteps);
  closeSync(net);
  closeSync(uts);
  const whole = counted(plan);
  return { server, serial: s, view: Number(view), first: Number(first), plan: whole, dir: writeImage(name, whole) };
}

export function endWorld(world: World): void {
  try {
    process.kill(world.view, 'SIGKILL');
  } catch {
    // has ended
  }
  world.server.ok('unpin', world.serial);
  rmSync(world.dir, { recursive: true });
}
