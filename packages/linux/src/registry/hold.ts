import { closeSync, fstatSync, readdirSync } from 'node:fs';
import { InvariantError, VimageError } from '@vimage/core';
import type { Hold } from '@vimage/core';
import { flockWait } from '../sys/flock.ts';
import { ifThere, needDir, openOwn, removeDir, unlink } from '../sys/file.ts';
import { FileLock } from './lock.ts';
import type { Layout } from './paths.ts';
import type { Root } from './root.ts';

/** Of the programs that run for an image which comes or goes: `FILE=WHAT` of each name held meanwhile, one a line. */
const variable = 'VIMAGE_HOOKS';

/** Names held by one that runs programs for images of these names: a locked file each, which is freed with the process. */
export class NameHold implements Hold {
  readonly #layout: Layout;
  readonly #root: Root;
  readonly #locks = new Map<string, FileLock>();
  #disposed = false;

  constructor(layout: Layout, root: Root) {
    this.#layout = layout;
    this.#root = root;
  }

  has(name: string): boolean {
    return this.#locks.has(name);
  }

  async take(name: string, wait: boolean): Promise<boolean> {
    if (this.#disposed) throw new InvariantError(`"${name}" is taken by who is done already`);
    if (this.has(name)) return true;
    const path = this.#layout.hold(name);
    for (;;) {
      // Files come and go under the root lock, as the registry itself does.
      const lock = await this.#root.run(() => {
        needDir(this.#layout.holds);
        return FileLock.try(path, true);
      });
      if (lock !== undefined) {
        this.#locks.set(name, lock);
        return true;
      }
      checkNotOurs(path, name);
      if (!wait) return false;
      await freed(path);
    }
  }

  environment(program: string): Readonly<Record<string, string>> {
    const lines = [...this.#locks.values()].map((lock) => `${identity(lock.fd)}=${program}`);
    const { [variable]: around } = process.env;
    return { [variable]: [...(around === undefined ? [] : [around]), ...lines].join('\n') };
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const lock of this.#locks.values()) {
      try {
        unlink(lock.path);
      } finally {
        lock.close();
      }
    }
    this.#locks.clear();
  }
}

function identity(fd: number): string {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}`;
}

/** EDEADLK: who holds it waits for this process, which it started, to end. */
function checkNotOurs(path: string, name: string): void {
  const held = ifThere(() => {
    const fd = openOwn(path, false);
    try {
      return identity(fd);
    } finally {
      closeSync(fd);
    }
  });
  const line = (process.env[variable] ?? '').split('\n').find((each) => held !== undefined && each.startsWith(`${held}=`));
  if (line === undefined) return;
  const program = line.slice(line.indexOf('=') + 1);
  throw new VimageError('EDEADLK', `"${name}" is being made or removed by who waits for this very command: it runs as ${program}`, {
    subject: name, hint: `leave it out of ${program}`,
  });
}

const waits = new Map<string, Promise<void>>();

/** Resolves when who holds that file has given it up; all of this process wait for a file together, as a wait takes a thread of the pool. */
function freed(path: string): Promise<void> {
  const one = waits.get(path) ?? unlocked(path).finally(() => waits.delete(path));
  waits.set(path, one);
  return one;
}

async function unlocked(path: string): Promise<void> {
  const fd = ifThere(() => openOwn(path, false));
  if (fd === undefined) return;
  try {
    await flockWait(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes what killed processes held, under the root lock; true when nobody holds anything, and the directory is gone. */
export function sweepHolds(layout: Layout): boolean {
  for (const name of ifThere(() => readdirSync(layout.holds)) ?? []) {
    const lock = ifThere(() => FileLock.try(`${layout.holds}/${name}`, false));
    if (lock === undefined) continue;
    unlink(lock.path);
    lock.close();
  }
  return removeDir(layout.holds) || ifThere(() => readdirSync(layout.holds)) === undefined;
}
