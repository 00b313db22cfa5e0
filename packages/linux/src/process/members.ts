import { constants } from 'node:os';
import type { ProcessInfo } from '@vimage/core';
import { VimageError } from '@vimage/core';
import { processInfo } from './info.ts';
import type { Membership } from './membership.ts';
import { numbersWithin } from './numbers.ts';
import { Pidfd } from './pidfd.ts';

/** What lives in an image; `own`: inode of the pid namespace that the image has. */
export function members(image: Membership, own: bigint | undefined): readonly ProcessInfo[] {
  return image.pids(false).flatMap((pid) => {
    const info = processInfo(pid);
    return info === undefined || info.state === 'Z' || info.state === 'X' ? [] : [{ ...info, inner: numbersWithin(info, own) }];
  });
}

/** A member by its number: what it is was checked while its descriptor was open. ESRCH. */
export function member(at: Membership, pid: number, image: string): Pidfd {
  const process = Pidfd.open(pid);
  if (process !== undefined) {
    if (at.pids(false).includes(pid) && process.alive) return process;
    process[Symbol.dispose]();
  }
  throw new VimageError('ESRCH', `no process ${pid} lives in "${image}"`, { subject: String(pid), hint: 'imgctl ps lists those that do' });
}

/** Number of a signal: `TERM`, `SIGTERM` or `15`. EINVAL. */
export function signalNumber(name: string): number {
  const number = /^\d{1,2}$/.test(name)
    ? Number(name)
    : Object.entries(constants.signals).find(([each]) => each === name.toUpperCase() || each === `SIG${name.toUpperCase()}`)?.[1];
  if (number === undefined || number > 64) throw new VimageError('EINVAL', `${JSON.stringify(name)} is no signal`, { subject: name, hint: 'expected a name such as TERM, or a number' });
  return number;
}
