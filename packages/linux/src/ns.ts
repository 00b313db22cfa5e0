import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { InvariantError, VimageError } from '@vimage/core';
import { cloneFlag } from './abi/ns.ts';
import type { NsType } from './abi/ns.ts';
import { asSysError, errnoName } from './sys/error.ts';
import { nsExists, nsOwned, nsId, nsType, setns, setnsBack, startPool, unshare } from './sys/ns.ts';
import { close } from './sys/libc.ts';

/** Types that a running Node can make and enter itself; the others are imgexec's. */
export type OwnNsType = 'net' | 'uts' | 'ipc' | 'cgroup';

const verify = process.env['VIMAGE_INVARIANTS'] === '1';

/** An open namespace. What it is was asked of the kernel when it was opened; it stays that one until closed. */
export class Namespace implements Disposable {
  readonly type: NsType;
  /** Inode number on nsfs: used again after the namespace's end. */
  readonly ino: bigint;
  /** Device number of nsfs. */
  readonly dev: bigint;
  /** The kernel's 64-bit number, never used twice; undefined before Linux 6.18. */
  readonly id: bigint | undefined;
  #fd: number;

  /** Takes over `fd`. ESTALE: it is no namespace, or of another type. */
  constructor(fd: number, type: NsType, path: string) {
    this.#fd = fd;
    this.type = type;
    try {
      if (nsTypeOf(fd) !== cloneFlag[type]) {
        throw new VimageError('ESTALE', `${path} is not a ${type} namespace`, { subject: path, hint: 'an image whose namespace has gone can only be destroyed: imgctl destroy NAME' });
      }
      const stat = fstatSync(fd, { bigint: true });
      this.ino = stat.ino;
      this.dev = stat.dev;
      this.id = nsId(fd);
    } catch (error) {
      closeSync(fd);
      throw asSysError(error, path);
    }
  }

  /** The descriptor, for as long as this object is open. */
  get fd(): number {
    if (this.#fd < 0) throw new InvariantError(`a closed ${this.type} namespace was used`);
    return this.#fd;
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  /** Same namespace: by the 64-bit id where both know it, else by device and inode. */
  is(other: Pick<Namespace, 'ino' | 'id' | 'type'>): boolean {
    if (this.type !== other.type) return false;
    return this.id !== undefined && other.id !== undefined ? this.id === other.id : this.ino === other.ino;
  }

  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    closeSync(fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function nsTypeOf(fd: number): number | undefined {
  try {
    return nsType(fd);
  } catch {
    return undefined;
  }
}

/** Opens the namespace that `path` (of /proc/PID/ns, or a pin) stands for. ENOENT, EACCES, ESTALE. */
export function openPath(path: string, type: NsType): Namespace {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw asSysError(error, path);
  }
  return new Namespace(fd, type, path);
}

/** A namespace by a descriptor of which the caller has no more need. ESTALE: it is of another type. */
export function takeOver(fd: number, type: NsType, what: string): Namespace {
  try {
    return new Namespace(openSync(`/proc/self/fd/${fd}`, 'r'), type, what);
  } finally {
    close(fd);
  }
}

/** The namespace of the calling thread. */
export function openSelf(type: NsType): Namespace {
  return openPath(`/proc/thread-self/ns/${type}`, type);
}

/** Where this thread stands: the namespaces it began in, and those it is inside of now. */
const began = new Map<NsType, Namespace>();
const inside = new Map<NsType, Namespace>();

function standing(type: NsType): Namespace {
  const now = inside.get(type) ?? began.get(type);
  if (now !== undefined && !now.closed) return now;
  if (began.size === 0) startPool();
  const self = openSelf(type);
  if (!nsOwned(self.fd)) {
    self.close();
    throw new VimageError('EPERM', `this process could not come back to its own ${type} namespace, which belongs to the machine`, {
      subject: type, hint: 'start the program where it stands in a network of your own: imgctl rootless -- unshare --net sh -c "ip link set lo up; exec node app.js"',
    });
  }
  began.set(type, self);
  return self;
}

const returns = new Map<NsType, boolean>();

/** Whether this process could come back to its own namespace of a type: not where it is root of a user's own namespaces only. */
export function canReturn(type: OwnNsType = 'net'): boolean {
  const known = returns.get(type);
  if (known !== undefined) return known;
  using self = openSelf(type);
  const owned = nsOwned(self.fd);
  returns.set(type, owned);
  return owned;
}

/** Whether this thread stands in that namespace. */
export function isOwn(ns: Namespace): boolean {
  return inode(ns.type) === ns.ino;
}

let some: Namespace | undefined;

/** Any open namespace; nsfs calls want one. */
function anyNamespace(): Namespace {
  some ??= openSelf('net');
  return some;
}

/** Whether a namespace still exists though we hold nothing of it; undefined where only a search of /proc can tell. */
export function exists(type: NsType, ino: bigint, id: bigint | undefined): boolean | undefined {
  return id === undefined ? undefined : nsExists(anyNamespace().fd, cloneFlag[type], ino, id);
}

function back(to: Namespace, from: string): void {
  const errno = setnsBack(to.fd, cloneFlag[to.type]);
  if (errno === 0 && (!verify || inode(to.type) === to.ino)) return;
  process.stderr.write(`vimage: cannot return from ${from} to our own ${to.type} namespace (${errnoName(errno)}): stopping, rather than run on in the wrong one\n`);
  process.abort();
}

function inode(type: NsType): bigint {
  return statSync(`/proc/thread-self/ns/${type}`, { bigint: true }).ino;
}

/** Makes a namespace, and calls `inside` in it; the calling thread stands where it stood when this returns. ENOSPC, EPERM. */
export function create(type: OwnNsType, inside?: () => void): Namespace {
  const home = standing(type);
  unshare(cloneFlag[type]);
  try {
    inside?.();
    return openSelf(type);
  } finally {
    back(home, `a new ${type} namespace`);
  }
}

function refuse(ns: Namespace): void {
  if (ns.type === 'user' || ns.type === 'mnt') {
    throw new VimageError('EOPNOTSUPP', `a running Node cannot enter a ${ns.type} namespace`, { hint: 'start a program in it instead (exec)' });
  }
  if (ns.type === 'time') {
    throw new VimageError('EOPNOTSUPP', 'a running Node cannot enter a time namespace: the kernel lets in only processes of one thread', { hint: 'start a program in it instead (exec)' });
  }
  if (ns.type === 'pid' && !isMainThread) {
    throw new VimageError('EOPNOTSUPP', 'a worker cannot enter a pid namespace: it could start no thread from there', { hint: 'start the program from the main thread' });
  }
}

/**
 * Calls `fn` with the calling thread inside `ns`, and comes back before it returns: `fn` must be synchronous (EINVAL for a thenable;
 * what it began goes on outside). If the thread cannot come back, the process aborts. ESTALE, EPERM.
 */
export function withNs<T>(ns: Namespace | readonly Namespace[], fn: () => T): T {
  const all: readonly Namespace[] = ns instanceof Namespace ? [ns] : ns;
  const entered: Namespace[] = [];
  try {
    for (const one of all) {
      refuse(one);
      const from = standing(one.type);
      if (verify && inode(from.type) !== from.ino) throw new InvariantError(`the thread is not in the ${from.type} namespace where it should stand`);
      setns(one.fd, cloneFlag[one.type]);
      entered.push(from);
      inside.set(one.type, one);
      if (verify && one.type !== 'pid' && inode(one.type) !== one.ino) throw new InvariantError(`setns went into another ${one.type} namespace than asked`);
    }
    const result = fn();
    if (isThenable(result)) {
      throw new VimageError('EINVAL', 'the function given to withNs is asynchronous: only what it does before its first await would be inside', {
        hint: 'use effective(), which crosses at each system call',
      });
    }
    return result;
  } finally {
    for (const from of entered.reverse()) {
      if (from === began.get(from.type)) inside.delete(from.type);
      else inside.set(from.type, from);
      back(from, 'an image');
    }
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
