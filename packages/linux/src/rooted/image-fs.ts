import { constants, type Dirent, type MakeDirectoryOptions, type Mode, type RmOptions, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { codeOf } from '@vimage/core';
import type { Named } from '../machine.ts';
import { asSysError } from '../sys/error.ts';
import { O_PATH, openInRoot } from './openat2.ts';
import { removeBelow } from './remove.ts';
import { withRoot } from './root.ts';
import { openFlags, split } from './split.ts';
import { close } from '../sys/libc.ts';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOCTTY, O_NONBLOCK, O_TRUNC } = constants;

type Data = string | Uint8Array;
type Encoding = BufferEncoding | null;
interface WriteOptions { readonly encoding?: Encoding; readonly mode?: number; readonly flag?: string | number }

/**
 * The promises API of `node:fs`, in the file system of an image: `/` is the image's root, and nothing leads out of it: neither `..`, nor links (they are
 * followed within the image), nor what its programs rename meanwhile. It acts with this process's rights, not with those of the image. What is
 * opened is never waited for (a pipe without a writer is empty). Errors have Node's codes, and the path as their subject.
 */
export class ImageFs {
  readonly #image: Named;

  constructor(image: Named) {
    this.#image = image;
  }

  /** Opens a file. A FileHandle as Node's; it stays what it is whatever becomes of the image. */
  open(path: string, flags: string | number = 'r', mode = 0o666): Promise<fs.FileHandle> {
    return this.#in(path, (root) => openFile(root, path, openFlags(flags), mode));
  }

  readFile(path: string, options: { readonly encoding: BufferEncoding } | BufferEncoding): Promise<string>;
  readFile(path: string, options?: { readonly encoding?: null } | null): Promise<Buffer>;
  readFile(path: string, options?: { readonly encoding?: Encoding } | Encoding): Promise<Buffer | string> {
    return this.#file(path, 'r', 0, (file) => file.readFile(typeof options === 'string' ? { encoding: options } : options));
  }

  writeFile(path: string, data: Data, options?: WriteOptions | Encoding): Promise<void> {
    const { flag = 'w', mode = 0o666, encoding = null } = typeof options === 'object' && options !== null ? options : { encoding: options ?? null };
    return this.#file(path, flag, mode, (file) => file.writeFile(data, { encoding }));
  }

  appendFile(path: string, data: Data, options?: WriteOptions | Encoding): Promise<void> {
    return this.writeFile(path, data, { flag: 'a', ...(typeof options === 'object' && options !== null ? options : { encoding: options ?? null }) });
  }

  readdir(path: string, options?: { readonly withFileTypes?: false }): Promise<string[]>;
  readdir(path: string, options: { readonly withFileTypes: true }): Promise<Dirent[]>;
  readdir(path: string, options?: { readonly withFileTypes?: boolean }): Promise<string[] | Dirent[]> {
    return this.#at(path, O_DIRECTORY, (at): Promise<string[] | Dirent[]> => (options?.withFileTypes === true ? fs.readdir(at, { withFileTypes: true }) : fs.readdir(at)));
  }

  /** With `recursive`, what is missing on the way is made too, and it may be there. */
  mkdir(path: string, options?: Mode | Pick<MakeDirectoryOptions, 'recursive' | 'mode'>): Promise<void> {
    const { recursive = false, mode = 0o777 } = typeof options === 'object' ? options : { mode: options };
    return this.#in(path, async (root) => {
      if (!recursive) return below(root, path, (at) => fs.mkdir(at, { mode }));
      const names = path.split('/').filter((name) => name !== '' && name !== '.');
      for (let i = 1; i <= names.length; i++) {
        const part = `/${names.slice(0, i).join('/')}`;
        if (names[i - 1] === '..') continue;
        try {
          await below(root, part, (at) => fs.mkdir(at, { mode }));
        } catch (error) {
          if (codeOf(error) !== 'EEXIST') throw error;
          close(openInRoot(root, part, O_PATH | O_DIRECTORY));
        }
      }
    });
  }

  /** Removes a file or, with `recursive`, a directory with all that is in it. */
  rm(path: string, { recursive = false, force = false }: Pick<RmOptions, 'recursive' | 'force'> = {}): Promise<void> {
    return this.#in(path, async (root) => {
      try {
        await below(root, path, (at) => (recursive ? removeBelow(at) : fs.unlink(at)));
      } catch (error) {
        if (!force || codeOf(error) !== 'ENOENT') throw error;
      }
    });
  }

  rmdir(path: string): Promise<void> {
    return this.#below(path, (at) => fs.rmdir(at));
  }

  unlink(path: string): Promise<void> {
    return this.#below(path, (at) => fs.unlink(at));
  }

  stat(path: string): Promise<Stats> {
    return this.#at(path, 0, (at) => fs.stat(at));
  }

  lstat(path: string): Promise<Stats> {
    return /(?:^|\/)\.{0,2}\/*$/.test(path) ? this.stat(path) : this.#below(path, (at) => fs.lstat(at));
  }

  readlink(path: string): Promise<string> {
    return this.#below(path, (at) => fs.readlink(at));
  }

  symlink(target: string, path: string): Promise<void> {
    return this.#below(path, (at) => fs.symlink(target, at));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#in(from, (root) => below(root, from, (a) => below(root, to, (b) => fs.rename(a, b))));
  }

  link(existing: string, path: string): Promise<void> {
    return this.#in(existing, (root) => below(root, existing, (a) => below(root, path, (b) => fs.link(a, b))));
  }

  access(path: string, mode?: number): Promise<void> {
    return this.#at(path, 0, (at) => fs.access(at, mode));
  }

  chmod(path: string, mode: Mode): Promise<void> {
    return this.#at(path, 0, (at) => fs.chmod(at, mode));
  }

  chown(path: string, uid: number, gid: number): Promise<void> {
    return this.#at(path, 0, (at) => fs.chown(at, uid, gid));
  }

  /** Copies a file's content, within the image. COPYFILE_EXCL: not over one that is there. */
  copyFile(from: string, to: string, mode = 0): Promise<void> {
    return this.#in(from, async (root) => {
      await using source = await openFile(root, from, constants.O_RDONLY, 0);
      const { mode: bits } = await source.stat();
      const excl = (mode & constants.COPYFILE_EXCL) === 0 ? 0 : O_EXCL;
      await using target = await openFile(root, to, constants.O_WRONLY | O_CREAT | O_TRUNC | excl, bits & 0o777);
      await fs.copyFile(`/proc/self/fd/${source.fd}`, `/proc/self/fd/${target.fd}`);
    });
  }

  /** Errors name the path as it was given. */
  async #in<T>(path: string, fn: (root: number) => Promise<T>): Promise<T> {
    return withRoot(this.#image, async (root) => {
      try {
        return await fn(root);
      } catch (error) {
        throw asSysError(error, path);
      }
    });
  }

  #file<T>(path: string, flags: string | number, mode: number, fn: (file: fs.FileHandle) => Promise<T>): Promise<T> {
    return this.#in(path, async (root) => {
      await using file = await openFile(root, path, openFlags(flags), mode);
      return await fn(file);
    });
  }

  /** Links followed, within the image. */
  #at<T>(path: string, flags: number, fn: (at: string) => Promise<T>): Promise<T> {
    return this.#in(path, (root) => opened(openInRoot(root, path, O_PATH | flags), fn));
  }

  /** The last name itself, be it a link. */
  #below<T>(path: string, fn: (at: string) => Promise<T>): Promise<T> {
    return this.#in(path, (root) => below(root, path, fn));
  }
}

async function opened<T>(fd: number, fn: (at: string) => Promise<T>): Promise<T> {
  try {
    return await fn(`/proc/self/fd/${fd}`);
  } finally {
    close(fd);
  }
}

function below<T>(root: number, path: string, fn: (at: string) => Promise<T>): Promise<T> {
  const { dir, name } = split(path);
  return opened(openInRoot(root, dir, O_PATH | O_DIRECTORY), (at) => fn(`${at}/${name}`));
}

/** Node makes a FileHandle of a path only: that of the descriptor which the kernel has checked. */
function openFile(root: number, path: string, flags: number, mode: number): Promise<fs.FileHandle> {
  const harmless = flags | O_NONBLOCK | O_NOCTTY;
  const fd = openInRoot(root, path, harmless, (flags & O_CREAT) === 0 ? 0 : mode & 0o7777);
  return opened(fd, (at) => fs.open(at, (harmless & ~(O_CREAT | O_EXCL | O_TRUNC)) | (flags & O_APPEND)));
}
