import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { attempt, descriptorsOf } from './process/descriptors.ts';
import { close } from './sys/libc.ts';
import { memfd } from './sys/file.ts';

/**
 * Where in its code a program made its sockets, for whoever asks from another process. Each thread that notes it has a file that is nowhere but open
 * (memfd_create(2)): it needs no place, and goes with the process. A line is `SERIAL INODE TEXT`: the image, the socket, what to say of it.
 */
const name = 'vimage.made';
const link = `/memfd:${name} (deleted)`;
const most = 1 << 20;

/** What a process says of a socket of its own. */
export interface MadeSocket {
  readonly serial: bigint;
  readonly inode: number;
  readonly text: string;
}

/** The notes of this thread. */
export class MadeNotes {
  #fd = -1;
  #size = 0;
  /** What was to be written since all was, as bytes; and how much that may become. */
  #since = 0;
  #room = most / 2;

  /** `all` are those that are open now: what others were is forgotten where the notes become long. */
  add(one: MadeSocket, all: () => readonly MadeSocket[]): void {
    if (this.#fd < 0) this.#fd = create();
    if (this.#since <= this.#room) {
      this.#write(one);
      return;
    }
    // Who reads meanwhile sees a part of it.
    ftruncateSync(this.#fd);
    this.#size = 0;
    for (const each of all()) this.#write(each);
    // As much again as is open now: else, with many, all would be written for each.
    this.#room = Math.max(most / 2, this.#size);
    this.#since = 0;
  }

  #write({ serial, inode, text }: MadeSocket): void {
    const line = `${serial} ${inode} ${text.replaceAll(/[^ -~]/g, '?')}\n`;
    this.#since += line.length;
    if (this.#size + line.length <= most) this.#size += writeSync(this.#fd, line, this.#size);
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** Opened by Node as well: it closes that when a worker ends. */
function create(): number {
  const fd = memfd(name);
  try {
    return openSync(`/proc/self/fd/${fd}`, 'r+');
  } finally {
    close(fd);
  }
}

/** What a process says of its sockets; nothing of what is not its own, or not open any more. Anybody may say anything in such a file: it is printed, and nothing else. */
export function madeBy(pid: number, descriptors: ReturnType<typeof descriptorsOf> = descriptorsOf(pid)): readonly MadeSocket[] {
  const open = new Set(descriptors.map(([, target]) => target));
  return descriptors.flatMap(([fd, target]) => (target === link ? read(pid, fd) : [])).filter(({ inode }) => open.has(`socket:[${inode}]`));
}

function read(pid: number, fd: string): readonly MadeSocket[] {
  return attempt(() => {
    if (mountOf(`/proc/${pid}/fdinfo/${fd}`) !== (memfds ??= mountOfOurs())) return [];
    return parse(readFile(`/proc/${pid}/fd/${fd}`));
  }) ?? [];
}

/** The kernel's own mount, of all such files and no others: a file server in a bad way has no part in it. */
let memfds: string | undefined;

function mountOfOurs(): string | undefined {
  const fd = memfd(name);
  try {
    return mountOf(`/proc/self/fdinfo/${fd}`);
  } finally {
    close(fd);
  }
}

function mountOf(fdinfo: string): string | undefined {
  return /^mnt_id:\s*(\d+)$/m.exec(readFileSync(fdinfo, 'latin1'))?.[1];
}

function readFile(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(fd).size, most));
    return bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}

function parse(text: string): readonly MadeSocket[] {
  return [...text.matchAll(/^(\d{1,19}) (\d{1,15}) ([ -~]{1,4300})$/gm)].map(([, serial = '', inode, said = '']) => ({ serial: BigInt(serial), inode: Number(inode), text: said }));
}
