import { closeSync } from 'node:fs';
import { flockWait, tryFlock } from '../sys/flock.ts';
import { ifThere, openOwn, stillNamed } from '../sys/file.ts';

/** A file held with flock(2), exclusively, until closed; it is the file its path names as long as nobody removes it without the lock. */
export class FileLock implements Disposable {
  readonly path: string;
  #fd: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** Undefined when somebody else holds it. Without `create`, a file that is not there is ENOENT. */
  static try(path: string, create: boolean): FileLock | undefined {
    for (;;) {
      const fd = openOwn(path, create);
      try {
        if (!tryFlock(fd)) {
          closeSync(fd);
          return undefined;
        }
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      if (stillNamed(fd, path)) return new FileLock(path, fd);
      closeSync(fd);
    }
  }

  /** Of a directory that nobody else can know yet. */
  static fresh(path: string): FileLock | undefined {
    const fd = openOwn(path, true);
    let lock: FileLock | undefined;
    try {
      if (tryFlock(fd)) lock = new FileLock(path, fd);
      return lock;
    } finally {
      if (lock === undefined) closeSync(fd);
    }
  }

  /** Waits for it, on a thread of the pool; one such wait at a time in this process. */
  static wait(path: string, create: boolean): Promise<FileLock> {
    const next = waiting.then(() => FileLock.#wait(path, create));
    waiting = next.then(() => undefined, () => undefined);
    return next;
  }

  static async #wait(path: string, create: boolean): Promise<FileLock> {
    for (;;) {
      const fd = openOwn(path, create);
      try {
        await flockWait(fd);
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      if (stillNamed(fd, path)) return new FileLock(path, fd);
      closeSync(fd);
    }
  }

  get fd(): number {
    return this.#fd;
  }

  close(): void {
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

let waiting: Promise<void> = Promise.resolve();

/** Whether anybody holds the lock of that file; a file that is not there is not held. */
export function isHeld(path: string): boolean {
  const lock = ifThere(() => ({ held: FileLock.try(path, false) }));
  lock?.held?.close();
  return lock !== undefined && lock.held === undefined;
}
