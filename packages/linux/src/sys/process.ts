import { constants } from 'node:os';
import { door } from '../door.ts';
import { F_SETFD, O_CLOEXEC, SIG_DFL, SYS_pidfd_getfd, SYS_pidfd_open, SYS_pidfd_send_signal } from '../abi/process.ts';
import { check, int, native } from './libc.ts';

const cPidfdOpen = native<(number: number, pid: number, flags: number) => number>((lib) => lib.func('syscall', 'long', ['long', 'int', 'unsigned int']));
const cPidfdSend = native<(number: number, fd: number, signal: number, info: null, flags: number) => number>((lib) =>
  lib.func('syscall', 'long', ['long', 'int', 'int', 'void *', 'unsigned int']),
);
const cPidfdGetfd = native<(number: number, pidfd: number, fd: number, flags: number) => number>((lib) => lib.func('syscall', 'long', ['long', 'int', 'int', 'unsigned int']));
const cFcntl = native<(fd: number, command: number, value: number) => number>((lib) => lib.func('fcntl', 'int', ['int', 'int', 'long']));
const cSignal = native<(signal: number, action: bigint) => bigint | number>((lib) => lib.func('signal', 'intptr_t', ['int', 'intptr_t']));
const cExecve = native<(path: string, argv: readonly (string | null)[], env: readonly (string | null)[]) => number>((lib) =>
  lib.func('int execve(const char *path, const char **argv, const char **env)'),
);
const cPipe2 = native<(pair: Buffer, flags: number) => number>((lib) => lib.func('int pipe2(void *pair, int flags)'));
const cWaitpid = native<(pid: number, status: null, options: number) => number>((lib) => lib.func('int waitpid(int pid, void *status, int options)'));
const cPrctl = native<(what: number, a: number, b: number, c: number, d: number) => number>((lib) =>
  lib.func('prctl', 'int', ['int', 'unsigned long', 'unsigned long', 'unsigned long', 'unsigned long']),
);
const cClock = native<(clock: number, time: Buffer) => number>((lib) => lib.func('int clock_gettime(int clock, void *time)'));

/** pidfd_open(2): the descriptor, close-on-exec. ESRCH. */
export function pidfdOpen(pid: number): number {
  return check(Number(cPidfdOpen()(SYS_pidfd_open, int(pid, 'pid'), 0)), 'pidfd_open', String(pid));
}

/** pidfd_getfd(2): another process's descriptor as one of ours, close-on-exec. EBADF, EPERM, ESRCH. */
export function pidfdGetfd(pidfd: number, fd: number): number {
  return check(Number(cPidfdGetfd()(SYS_pidfd_getfd, int(pidfd, 'pidfd'), int(fd, 'fd'), 0)), 'pidfd_getfd');
}

/** pidfd_send_signal(2). ESRCH: it has ended. */
export function pidfdSignal(fd: number, signal: number): void {
  door('pidfd_send_signal', () => check(Number(cPidfdSend()(SYS_pidfd_send_signal, int(fd, 'fd'), int(signal, 'signal'), null, 0)), 'pidfd_send_signal'));
}

/** Whether a descriptor is closed when this process becomes another program; Node says so of all that it finds open. EBADF. */
export function closeOnExec(fd: number, yes: boolean): void {
  check(cFcntl()(int(fd, 'fd'), F_SETFD, yes ? 1 : 0), 'fcntl');
}

/** pipe2(2): to read and to write, close-on-exec. Unlike what Node makes for a child, it can be opened again by its /proc/PID/fd name. */
export function pipe(): readonly [number, number] {
  const pair = Buffer.alloc(8);
  check(cPipe2()(pair, O_CLOEXEC), 'pipe2');
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

/** waitpid(2), until a child that is about to end has ended. */
export function reap(pid: number): void {
  cWaitpid()(int(pid, 'pid'), null, 0);
}

/** prctl(2). */
export function prctl(what: number, value: number): void {
  check(cPrctl()(int(what, 'what'), int(value, 'value'), 0, 0, 0), 'prctl');
}

/**
 * execve(2): this process becomes the program. Node sets close-on-exec on descriptors 0-2 and ignores SIGPIPE and SIGXFSZ, and both
 * would be inherited: they are put right first. Returns only by throwing.
 */
export function execve(path: string, argv: readonly string[], env: Readonly<Record<string, string>>): never {
  for (const fd of [0, 1, 2]) cFcntl()(fd, F_SETFD, 0);
  for (const signal of [constants.signals.SIGPIPE, constants.signals.SIGXFSZ]) cSignal()(signal, SIG_DFL);
  const list = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  door('execve', () => check(cExecve()(path, [...argv, null], [...list, null]), 'execve', path));
  throw new Error('execve returned');
}

const time = Buffer.alloc(16);
const CLOCK_BOOTTIME = 7;

/** Nanoseconds since boot, time asleep included. */
export function bootTime(): bigint {
  check(cClock()(CLOCK_BOOTTIME, time), 'clock_gettime');
  return time.readBigInt64LE(0) * 1_000_000_000n + time.readBigInt64LE(8);
}
