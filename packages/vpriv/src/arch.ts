import { VimageError } from '@vimage/core';
import { arm64Syscalls, x64Syscalls } from './data/numbers.ts';

/** A machine for which filters can be made. */
export interface Arch {
  readonly name: string;
  /** What the kernel says of a call by its own ABI: AUDIT_ARCH_* (linux/audit.h). */
  readonly audit: number;
  readonly numbers: Readonly<Record<string, number>>;
}

export const x64: Arch = { name: 'x64', audit: 0xc000003e, numbers: x64Syscalls };
export const arm64: Arch = { name: 'arm64', audit: 0xc00000b7, numbers: arm64Syscalls };

/** The machine that this is. EOPNOTSUPP: no filter can be made for it. */
export function archHere(name: string = process.arch): Arch {
  const found = [x64, arm64].find((arch) => arch.name === name);
  if (found !== undefined) return found;
  throw new VimageError('EOPNOTSUPP', `system calls cannot be filtered on ${name}: their numbers are known for x64 and arm64 only`, { subject: 'priv', hint: 'leave out vir priv' });
}
