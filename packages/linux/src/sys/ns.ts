import type { KoffiFunc } from 'koffi';
import { door } from '../door.ts';
import { NS_GET_ID, NS_GET_NSTYPE, NS_GET_PARENT, NS_GET_USERNS, FILEID_NSFS, NSFS_HANDLE_BYTES } from '../abi/ns.ts';
import { O_CLOEXEC } from '../abi/process.ts';
import { check, close, int, lastErrno, native } from './libc.ts';
import { SysError, errnoName } from './error.ts';

const cSetns = native<(fd: number, type: number) => number>((lib) => lib.func('int setns(int fd, int nstype)'));
const cUnshare = native<(flags: number) => number>((lib) => lib.func('int unshare(int flags)'));
const cIoctl = native<(fd: number, request: number, arg: Buffer | null) => number>((lib) => lib.func('int ioctl(int fd, unsigned long request, void *arg)'));
const cOpenHandle = native<(mount: number, handle: Buffer, flags: number) => number>((lib) =>
  lib.func('int open_by_handle_at(int mount_fd, void *handle, int flags)'),
);

/** setns(2) of the calling thread. EINVAL, EPERM. */
export function setns(fd: number, type: number): void {
  door('setns', () => check(cSetns()(int(fd, 'fd'), int(type, 'type')), 'setns'));
}

/** The same, on the way back: no hook may stand in its way. Returns the errno, or 0. */
export function setnsBack(fd: number, type: number): number {
  return cSetns()(fd, type) === -1 ? lastErrno() : 0;
}

/** unshare(2) of the calling thread. ENOSPC: the limit on namespaces. */
export function unshare(flags: number): void {
  door('unshare', () => check(cUnshare()(int(flags, 'flags')), 'unshare'));
}

/** NS_GET_NSTYPE: the CLONE_NEW* value. ENOTTY when it is not a namespace. */
export function nsType(fd: number): number {
  return check(cIoctl()(int(fd, 'fd'), NS_GET_NSTYPE, null), 'ioctl NS_GET_NSTYPE');
}

/** NS_GET_PARENT: a descriptor of the pid or user namespace around this one. EPERM: it is out of our sight. */
export function nsParent(fd: number): number {
  return check(cIoctl()(int(fd, 'fd'), NS_GET_PARENT, null), 'ioctl NS_GET_PARENT');
}

/** NS_GET_USERNS: whether the user namespace that owns this one is ours, or inside ours. What is not we could not come back to. */
export function nsOwned(fd: number): boolean {
  const owner = cIoctl()(int(fd, 'fd'), NS_GET_USERNS, null);
  if (owner >= 0) close(owner);
  return owner >= 0 || errnoName(lastErrno()) !== 'EPERM';
}

const SIOCSIFFLAGS = 0x8914;
const ifreq = Buffer.alloc(40);

/** SIOCSIFFLAGS, in the network namespace that the socket is of. ENODEV, EPERM. */
export function setInterfaceFlags(socket: number, name: string, flags: number): void {
  ifreq.fill(0);
  ifreq.write(name, 0, 15, 'latin1');
  ifreq.writeUInt16LE(flags, 16);
  door('ioctl SIOCSIFFLAGS', () => check(cIoctl()(int(socket, 'socket'), SIOCSIFFLAGS, ifreq), 'ioctl SIOCSIFFLAGS'));
}

const cSyscall = native<(number: number, command: number, flags: number, cpu: number) => number>((lib) =>
  lib.func('long syscall(long number, int command, int flags, int cpu)'),
);

/**
 * membarrier(2), global: returns after an RCU grace period. What the kernel frees only then (netlink sockets, and with them their
 * namespace) is about to be freed. Some milliseconds; nothing where the kernel has no such call.
 */
export function gracePeriod(): void {
  const number = { x64: 324, arm64: 283, riscv64: 283 }[process.arch as string];
  if (number !== undefined) cSyscall()(number, 1, 0, 0);
}

const word = Buffer.alloc(8);
let idKnown = true;

/** NS_GET_ID: the kernel's number for a namespace, never used twice; undefined before Linux 6.18. */
export function nsId(fd: number): bigint | undefined {
  if (!idKnown) return undefined;
  if (cIoctl()(int(fd, 'fd'), NS_GET_ID, word) === 0) return word.readBigUInt64LE(0);
  const errno = lastErrno();
  if (errnoName(errno) === 'EBADF') throw new SysError('ioctl NS_GET_ID', errno);
  idKnown = false;
  return undefined;
}

const handle = Buffer.alloc(8 + NSFS_HANDLE_BYTES);

/**
 * Whether a namespace still exists, by its nsfs file handle. `nsfs` is any open namespace.
 * Undefined where the kernel has no such handles (before 6.18) or does not let us ask.
 */
export function nsExists(nsfs: number, type: number, ino: bigint, id: bigint): boolean | undefined {
  handle.writeUInt32LE(NSFS_HANDLE_BYTES, 0);
  handle.writeInt32LE(FILEID_NSFS, 4);
  handle.writeBigUInt64LE(id, 8);
  handle.writeUInt32LE(type, 16);
  handle.writeUInt32LE(Number(ino), 20);
  const fd = cOpenHandle()(int(nsfs, 'fd'), handle, O_CLOEXEC);
  if (fd >= 0) {
    close(fd);
    return true;
  }
  return errnoName(lastErrno()) === 'ESTALE' ? false : undefined;
}

/** Starts every thread of libuv's pool, now, in the namespaces where this thread stands (libuv starts all with the first work). */
export function startPool(): void {
  const cGetpid = native<KoffiFunc<() => number>>((lib) => lib.func('int getpid()'));
  cGetpid().async(() => undefined);
}
