import { constants, closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmdirSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { codeOf, VimageError } from '@vimage/core';
import { door } from '../door.ts';
import { asSysError } from './error.ts';
import { check, native } from './libc.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, O_APPEND } = constants;

function act<T>(name: string, path: string, fn: () => T): T {
  return door(name, () => {
    try {
      return fn();
    } catch (error) {
      throw asSysError(error, path);
    }
  });
}

/** Runs `fn`; undefined when what it names is not there. */
export function ifThere<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** mkdir(2), mode 0700. EEXIST. */
export function makeDir(path: string, mode: number = 0o700): void {
  act('mkdir', path, () => mkdirSync(path, mode));
}

/** The same; fine when it is there. True when it was made. */
export function needDir(path: string, mode: number = 0o700): boolean {
  try {
    makeDir(path, mode);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

export function rename(from: string, to: string): void {
  act('rename', to, () => renameSync(from, to));
}

/** unlink(2); fine when it is not there. */
export function unlink(path: string): void {
  ifThere(() => act('unlink', path, () => unlinkSync(path)));
}

/** rmdir(2); false when it is not there, or not empty, or busy. */
export function removeDir(path: string): boolean {
  try {
    act('rmdir', path, () => rmdirSync(path));
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTEMPTY', 'EBUSY', 'EEXIST'].includes(codeOf(error) ?? '')) return false;
    throw error;
  }
}

/** Opens a file of ours for locking or in-place change, making it (mode 0600) when asked; a symbolic link is refused (ELOOP). */
export function openOwn(path: string, create: boolean): number {
  return act('open', path, () => openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | (create ? O_CREAT : 0), 0o600));
}

/** Writes a new file, whole or not at all. EEXIST, ENOSPC, EROFS. */
export function writeNew(path: string, bytes: Uint8Array, mode: number = 0o600): void {
  const fd = act('create', path, () => openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
  try {
    writeAll(fd, bytes, path);
  } catch (error) {
    closeSync(fd);
    unlink(path);
    throw error;
  }
  closeSync(fd);
}

/** Replaces a file by another name and a rename: readers see the old or the new one. */
export function replace(path: string, bytes: Uint8Array, mode: number = 0o600): void {
  const temporary = `${path}.~${process.pid}`;
  unlink(temporary);
  writeNew(temporary, bytes, mode);
  try {
    rename(temporary, path);
  } catch (error) {
    unlink(temporary);
    throw error;
  }
}

/** Changes a file in place: its inode stays, as whoever has bound it somewhere needs. */
export function overwrite(path: string, bytes: Uint8Array): void {
  const fd = act('open', path, () => openSync(path, O_WRONLY | O_TRUNC | O_NOFOLLOW));
  try {
    writeAll(fd, bytes, path);
  } finally {
    closeSync(fd);
  }
}

/** Adds to a file, making it when it is not there. */
export function append(path: string, bytes: Uint8Array): void {
  const fd = act('open', path, () => openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600));
  try {
    writeAll(fd, bytes, path);
  } finally {
    closeSync(fd);
  }
}

/** write(2) until all is written. */
export function writeAll(fd: number, bytes: Uint8Array, path: string, position: number | null = null): void {
  for (let done = 0; done < bytes.length; ) {
    const at = position === null ? null : position + done;
    done += act('write', path, () => writeSync(fd, bytes, done, bytes.length - done, at));
  }
}

/** A short write to a file of the kernel's (/proc, /sys): one write(2), nothing created. */
export function poke(path: string, value: string): void {
  const fd = act('open', path, () => openSync(path, O_WRONLY | O_NONBLOCK));
  try {
    act('poke', path, () => writeSync(fd, value));
  } finally {
    closeSync(fd);
  }
}

const cMemfd = native<(name: string, flags: number) => number>((lib) => lib.func('int memfd_create(const char *name, unsigned int flags)'));
const MFD_CLOEXEC = 1;

/** memfd_create(2): a file that is nowhere, close-on-exec. */
export function memfd(name: string): number {
  return check(cMemfd()(name, MFD_CLOEXEC), 'memfd_create', name);
}

/** Reads a file of the registry. ENOENT; EPERM: not ours, or others may write it; E2BIG: above `limit` bytes. */
export function readOwn(path: string, limit: number = 1 << 20): Buffer {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    throw asSysError(error, path);
  }
  try {
    const stat = fstatSync(fd);
    const euid = process.geteuid?.() ?? 0;
    if (!stat.isFile() || stat.uid !== euid || (stat.mode & 0o022) !== 0) {
      throw new VimageError('EPERM', `${path}: expected a plain file of uid ${euid} that nobody else may write`, {
        subject: path,
        hint: 'somebody has changed the registry: look at the file, then remove the image with imgctl destroy',
      });
    }
    if (stat.size > limit) throw new VimageError('E2BIG', `${path}: ${stat.size} bytes are more than ${limit}`, { subject: path });
    const bytes = Buffer.allocUnsafe(stat.size);
    let n = 0;
    for (let got = 1; n < bytes.length && got > 0; n += got) got = readSync(fd, bytes, n, bytes.length - n, null);
    return bytes.subarray(0, n);
  } catch (error) {
    throw asSysError(error, path);
  } finally {
    closeSync(fd);
  }
}

/** Whether an open descriptor is still what `path` names. */
export function stillNamed(fd: number, path: string): boolean {
  const named = statSync(path, { bigint: true, throwIfNoEntry: false });
  const open = fstatSync(fd, { bigint: true });
  return named !== undefined && named.ino === open.ino && named.dev === open.dev;
}
