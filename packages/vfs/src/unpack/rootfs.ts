import {
  closeSync, constants, fchmodSync, fchownSync, futimesSync, lchownSync, linkSync, lstatSync, mkdirSync, openSync, readdirSync, rmSync, symlinkSync, unlinkSync, writeSync,
} from 'node:fs';
import { VimageError, codeOf } from '@vimage/core';
import type { TarEntry } from './header.ts';
import type { TarSink } from './tar.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

/**
 * A directory that archives are unpacked into. Every name is looked up in the open directory that it is in, and no link is followed:
 * nothing outside can be reached, whatever the archive says. Devices and pipes are left out; owners are those of the archive where we are root.
 */
export class Rootfs implements TarSink, Disposable {
  readonly #root: number;
  readonly #layers: boolean;
  readonly #owners: boolean = process.geteuid?.() === 0;
  /** Names that the layer at hand has made. */
  #fresh = new Set<string>();
  #file: { readonly fd: number; readonly entry: TarEntry } | undefined;

  /** `layers`: whiteouts of OCI image layers are obeyed. */
  constructor(dir: string, layers: boolean) {
    this.#root = openSync(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    this.#layers = layers;
  }

  /** The next layer begins. */
  layer(): void {
    this.#fresh = new Set();
  }

  entry(entry: TarEntry): void {
    const names = namesIn(entry.name);
    const name = names.pop();
    if (entry.type === 'other') return;
    if (name === undefined) {
      if (entry.type === 'dir') this.#own(this.#root, entry);
      return;
    }
    this.#within(names, true, entry.name, (dir) => {
      if (this.#layers && name.startsWith(whiteout)) this.#whiteOut(dir, names, name);
      else this.#make(dir, name, entry);
    });
    for (let i = 0; i <= names.length; i++) this.#fresh.add([...names, name].slice(0, i + 1).join('/'));
  }

  data(bytes: Buffer): void {
    if (this.#file === undefined) return;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file.fd, bytes, at);
  }

  end(): void {
    if (this.#file === undefined) return;
    const { fd, entry } = this.#file;
    this.#file = undefined;
    try {
      this.#own(fd, entry);
      futimesSync(fd, entry.mtime, entry.mtime);
    } finally {
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file.fd);
    this.#file = undefined;
    closeSync(this.#root);
  }

  /** Calls `fn` with a path of the open directory that `names` lead to. EINVAL: one of them is a link, or no directory. */
  #within<T>(names: readonly string[], make: boolean, what: string, fn: (dir: string) => T): T {
    let fd = this.#root;
    try {
      for (const name of names) {
        const next = openBelow(`/proc/self/fd/${fd}/${name}`, make, what);
        if (fd !== this.#root) closeSync(fd);
        fd = next;
      }
      return fn(`/proc/self/fd/${fd}`);
    } finally {
      if (fd !== this.#root) closeSync(fd);
    }
  }

  #make(dir: string, name: string, entry: TarEntry): void {
    const path = `${dir}/${name}`;
    const before = lstatSync(path, { throwIfNoEntry: false });
    const stays = entry.type === 'dir' && before?.isDirectory() === true;
    if (before !== undefined && !stays) {
      if (before.isDirectory()) rmSync(path, { recursive: true });
      else unlinkSync(path);
    }
    switch (entry.type) {
      case 'dir': {
        if (!stays) mkdirSync(path, 0o700);
        const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        try {
          this.#own(fd, entry);
        } finally {
          closeSync(fd);
        }
        return;
      }
      case 'symlink':
        symlinkSync(entry.target, path);
        if (this.#owners) lchownSync(path, entry.uid, entry.gid);
        return;
      case 'hardlink':
        this.#link(path, entry);
        return;
      default:
        this.#file = { fd: openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600), entry };
    }
  }

  #link(path: string, entry: TarEntry): void {
    const names = namesIn(entry.target);
    const name = names.pop();
    const wrong = new VimageError('EINVAL', `${entry.name}: a hard link to ${JSON.stringify(entry.target)}, which the archive does not have`, { subject: entry.name });
    if (name === undefined) throw wrong;
    this.#within(names, false, entry.target, (dir) => {
      if (lstatSync(`${dir}/${name}`, { throwIfNoEntry: false })?.isDirectory() !== false) throw wrong;
      linkSync(`${dir}/${name}`, path);
    });
  }

  #whiteOut(dir: string, names: readonly string[], name: string): void {
    if (name !== opaque) {
      const hidden = name.slice(whiteout.length);
      if (['', '.', '..'].includes(hidden)) throw new VimageError('EINVAL', `${name}: a whiteout of nothing`, { subject: name });
      rmSync(`${dir}/${hidden}`, { recursive: true, force: true });
      return;
    }
    for (const each of readdirSync(dir)) {
      if (!this.#fresh.has([...names, each].join('/'))) rmSync(`${dir}/${each}`, { recursive: true, force: true });
    }
  }

  /** Changing the owner takes set-user-ID away: the mode comes after it. */
  #own(fd: number, { uid, gid, mode }: TarEntry): void {
    if (this.#owners) fchownSync(fd, uid, gid);
    fchmodSync(fd, mode);
  }
}

function openBelow(path: string, make: boolean, what: string): number {
  for (let tries = 0; ; tries++) {
    try {
      return openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    } catch (error) {
      const code = codeOf(error) ?? '';
      if (code === 'ENOENT' && make && tries === 0) {
        mkdirSync(path, 0o755);
        continue;
      }
      if (!['ENOTDIR', 'ELOOP', 'ENOENT'].includes(code)) throw error;
      throw new VimageError('EINVAL', `${what}: it leads through a link, or through what is no directory`, { subject: what, cause: error, hint: 'an archive is unpacked without following links' });
    }
  }
}

/** The names of a path of an archive. EINVAL: it leads out. */
function namesIn(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (!names.includes('..') && !path.includes('\0')) return names;
  throw new VimageError('EINVAL', `${JSON.stringify(path)}: an archive must not lead out of its root`, { subject: path, hint: 'look at who made it: no usual program does that' });
}
