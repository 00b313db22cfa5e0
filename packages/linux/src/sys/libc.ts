import { koffi } from './ffi.ts';
import { VimageError } from '@vimage/core';
import { SysError } from './error.ts';

type Library = ReturnType<typeof koffi.load>;

let library: Library | undefined;

function libc(): Library {
  if (library !== undefined) return library;
  const arch = { x64: 'x86_64', arm64: 'aarch64', arm: 'armhf', ia32: 'i386', riscv64: 'riscv64', s390x: 's390x', loong64: 'loongarch64' };
  const musl = Object.entries(arch).find(([name]) => name === process.arch)?.[1] ?? process.arch;
  for (const name of ['libc.so.6', `libc.musl-${musl}.so.1`]) {
    try {
      library = koffi.load(name);
      return library;
    } catch {
      continue;
    }
  }
  throw new VimageError('ENOSYS', 'no C library was found: neither libc.so.6 nor musl', { hint: 'vimage runs on Linux with glibc or musl' });
}

/** A function of the C library, looked up when it is first called. */
export function native<F>(bind: (lib: Library) => F): () => F {
  let bound: F | undefined;
  return () => (bound ??= bind(libc()));
}

/** The errno of the call just made. */
export function lastErrno(): number {
  return koffi.errno();
}

/** The result of a call, or its {@link SysError} when it is -1. */
export function check(result: number, syscall: string, subject?: string): number {
  if (result === -1) throw new SysError(syscall, lastErrno(), subject);
  return result;
}

const cClose = native<(fd: number) => number>((lib) => lib.func('int close(int fd)'));

/** close(2), of what calls of ours have opened: in a worker Node warns when it is to close what it has not opened itself. */
export function close(fd: number): void {
  cClose()(int(fd, 'fd'));
}

/** koffi truncates what is not an int; we refuse it. */
export function int(value: number, what: string): number {
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0x7fffffff) {
    throw new VimageError('EINVAL', `${what}: ${value} is not a 32-bit integer`, { subject: what });
  }
  return value;
}
