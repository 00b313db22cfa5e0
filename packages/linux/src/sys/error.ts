import { constants } from 'node:os';
import { VimageError } from '@vimage/core';
import type { ErrorDetail } from '@vimage/core';

const preferred = ['EAGAIN', 'EOPNOTSUPP'];
const names = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno)) {
  if (!names.has(number) || preferred.includes(name)) names.set(number, name);
}

/** The name of an errno on this machine: 2 is `ENOENT`. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `E${errno}`;
}

const hints: Readonly<Record<string, string>> = {
  EPERM: 'this needs root with CAP_SYS_ADMIN and CAP_NET_ADMIN, and a sandbox or container around it must permit the call',
  EMFILE: 'the process has too many open files: raise its limit (ulimit -n)',
  ENFILE: 'the machine has too many open files: raise fs.file-max',
  ENOSYS: 'this kernel is too old for it',
  EROFS: 'the registry must be on a file system that can be written to; and in an image, /proc can be written to where the image has `vir proc`',
};

/** A system call that failed: which, and its errno as number and name. */
export class SysError extends VimageError {
  readonly syscall: string;
  readonly errno: number;

  constructor(syscall: string, errno: number, subject?: string, detail: ErrorDetail = {}) {
    const code = errnoName(errno);
    const hint = detail.hint ?? hintOf(syscall, code, subject);
    super(code, `${syscall}${subject === undefined ? '' : ` ${subject}`}: ${code}`, {
      ...detail,
      ...(subject === undefined ? {} : { subject }),
      ...(hint === undefined ? {} : { hint }),
    });
    this.name = 'SysError';
    this.syscall = syscall;
    this.errno = errno;
  }
}

function hintOf(syscall: string, code: string, subject: string | undefined): string | undefined {
  if (code !== 'ENOSPC') return hints[code];
  if (/^(unshare|clone)$/.test(syscall)) return 'the limit on namespaces is reached: see /proc/sys/user/max_*_namespaces';
  const registry = /^\/run\/(?:.*?\/)?vimage(?=\/)/.exec(subject ?? '')?.[0];
  if (registry === undefined) return 'the file system is full: make room, then try again; nothing was half written';
  return `the file system of the registry, ${registry}, is full: make room (df ${registry}; df -i ${registry}), then try again; nothing was half written\nin an image it is as large as its children.max is: more of that, from outside, makes it larger`;
}

/** What Node's own calls throw, as ours; anything else as it is. */
export function asSysError(error: unknown, subject?: string): unknown {
  if (error instanceof VimageError || !(error instanceof Error)) return error;
  if (!('errno' in error) || typeof error.errno !== 'number') return error;
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : 'call';
  return new SysError(syscall, Math.abs(error.errno), subject, { cause: error });
}
