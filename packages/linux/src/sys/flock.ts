import type { KoffiFunc } from 'koffi';
import { LOCK_EX, LOCK_NB, LOCK_UN } from '../abi/process.ts';
import { door } from '../door.ts';
import { SysError, errnoName } from './error.ts';
import { check, int, lastErrno, native } from './libc.ts';

const cFlock = native<KoffiFunc<(fd: number, operation: number) => number>>((lib) => lib.func('int flock(int fd, int operation)'));

/** flock(2), exclusive: false when another descriptor holds it. */
export function tryFlock(fd: number): boolean {
  return door('flock', () => {
    if (cFlock()(int(fd, 'fd'), LOCK_EX | LOCK_NB) === 0) return true;
    const errno = lastErrno();
    if (errnoName(errno) === 'EAGAIN') return false;
    throw new SysError('flock', errno);
  });
}

/** flock(2), exclusive, waiting on a thread of libuv's pool. */
export function flockWait(fd: number): Promise<void> {
  return door('flock', () => new Promise((resolve, reject) => {
    cFlock().async(int(fd, 'fd'), LOCK_EX, (error, result) => {
      if (result === 0) resolve();
      else reject(error instanceof Error ? error : new SysError('flock', lastErrno()));
    });
  }));
}

/** Gives the lock up without closing. */
export function unflock(fd: number): void {
  check(cFlock()(int(fd, 'fd'), LOCK_UN), 'flock');
}
