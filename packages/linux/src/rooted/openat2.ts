import { O_CLOEXEC } from '../abi/process.ts';
import { door } from '../door.ts';
import { check, int, native } from '../sys/libc.ts';

const cSyscall = native<(number: number, dir: number, path: string, how: Buffer, size: number) => number>((lib) =>
  lib.func('syscall', 'long', ['long', 'int', 'str', 'void *', 'size_t']),
);

/** One number on every architecture (include/uapi/asm-generic/unistd.h). */
const SYS_openat2 = 437;
/** openat2(2). */
const RESOLVE_NO_MAGICLINKS = 0x02n;
const RESOLVE_NO_SYMLINKS = 0x04n;
const RESOLVE_IN_ROOT = 0x10n;
/** openat(2). */
const AT_FDCWD = -100;

export const O_PATH = 0o10000000;

/**
 * openat2(2) as if `root` were the root directory: neither `..`, nor links, nor what others rename meanwhile lead out of it. The caller closes it.
 * EAGAIN: somebody renamed what a `..` went through just then.
 */
export function openInRoot(root: number, path: string, flags: number, mode = 0): number {
  return open(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/** openat2(2) of an absolute path, which must lead through no symbolic link: ELOOP. The caller closes it. */
export function openWithoutLinks(path: string, flags: number, mode = 0): number {
  return open(AT_FDCWD, path, flags, mode, RESOLVE_NO_SYMLINKS);
}

function open(dir: number, path: string, flags: number, mode: number, resolve: bigint): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(resolve, 16);
  return door('openat2', () => check(Number(cSyscall()(SYS_openat2, int(dir, 'dir'), path, how, how.length)), 'openat2', path));
}
