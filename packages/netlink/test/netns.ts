import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import koffi from 'koffi';
import type { NetlinkTransport, OpenTransport } from '../src/index.ts';
import { netlink } from '../src/index.ts';
import type { Netlink } from '../src/index.ts';

// A transport and namespaces of the tests' own, so that this package is tested without @vimage/linux.

const libc = koffi.load('libc.so.6');
const c = {
  socket: libc.func('int socket(int,int,int)'),
  bind: libc.func('int bind(int,_In_ uint8_t*,uint)'),
  send: libc.func('long send(int,_In_ uint8_t*,ulong,int)'),
  recv: libc.func('long recv(int,_Out_ uint8_t*,ulong,int)'),
  setsockopt: libc.func('int setsockopt(int,int,int,_In_ int*,uint)'),
  setns: libc.func('int setns(int,int)'),
  unshare: libc.func('int unshare(int)'),
  close: libc.func('int close(int)'),
};
const CLONE_NEWNET = 0x40000000;
const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
const EINTR = 4;
const EAGAIN = 11;

function fail(call: string): never {
  const errno = koffi.errno();
  throw Object.assign(new Error(`${call}: ${names.get(errno) ?? errno}`), { code: names.get(errno), errno });
}

function transport(family: number, rcvbuf?: number): NetlinkTransport {
  const fd: number = c.socket(16, 3 | 0x80000, family);
  if (fd < 0) fail('socket');
  const address = new Uint8Array(12);
  address[0] = 16;
  if (c.bind(fd, address, 12) < 0) fail('bind');
  if (rcvbuf !== undefined && c.setsockopt(fd, 1, 8, [rcvbuf], 4) < 0) fail('setsockopt');
  const buffer = new Uint8Array(65536);
  const read = (flags: number): Uint8Array | undefined => {
    for (;;) {
      const n = Number(c.recv(fd, buffer, buffer.length, flags));
      if (n >= 0) return buffer.slice(0, n);
      if (koffi.errno() === EINTR) continue;
      if (koffi.errno() === EAGAIN) return undefined;
      fail('recv');
    }
  };
  return {
    send: (message) => {
      if (c.send(fd, message, message.length, 0) < 0) fail('send');
    },
    recv: () => read(0) ?? new Uint8Array(),
    tryRecv: () => read(0x40),
    join: (group) => {
      if (c.setsockopt(fd, 270, 1, [group], 4) < 0) fail('setsockopt');
    },
    option: (name, value) => {
      if (c.setsockopt(fd, 270, name, [value], 4) < 0) fail('setsockopt');
    },
    onReadable: (cb) => {
      const poll = koffi.node.poll(fd, { readable: true }, () => cb());
      return () => poll.close();
    },
    close: () => {
      c.close(fd);
    },
  };
}

/** A network namespace that lives as long as this. */
export class Netns {
  readonly fd: number;
  readonly open: OpenTransport;
  readonly nl: Netlink;

  constructor(rcvbuf?: number) {
    const host = openSync('/proc/thread-self/ns/net', 'r');
    try {
      if (c.unshare(CLONE_NEWNET) < 0) fail('unshare');
      this.fd = openSync('/proc/thread-self/ns/net', 'r');
      if (c.setns(host, CLONE_NEWNET) < 0) process.abort();
    } finally {
      closeSync(host);
    }
    this.open = (family) => this.run(() => transport(family, rcvbuf));
    this.nl = netlink(this.open);
  }

  /** Runs something synchronous in the namespace. */
  run<T>(fn: () => T): T {
    const host = openSync('/proc/thread-self/ns/net', 'r');
    try {
      if (c.setns(this.fd, CLONE_NEWNET) < 0) fail('setns');
      try {
        return fn();
      } finally {
        if (c.setns(host, CLONE_NEWNET) < 0) process.abort();
      }
    } finally {
      closeSync(host);
    }
  }

  /** Output of a command run in the namespace. */
  sh(...argv: string[]): string {
    return this.run(() => execFileSync(argv[0] ?? '', argv.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Parsed JSON output of a command run in the namespace. */
  json(...argv: string[]): Record<string, unknown>[] {
    const out = this.sh(...argv);
    const parsed: unknown = out.trim() === '' ? [] : JSON.parse(out);
    return Array.isArray(parsed) ? parsed : [];
  }

  [Symbol.dispose](): void {
    this.nl.close();
    closeSync(this.fd);
  }
}

/** How many descriptors this process holds. */
export function fdCount(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Why live tests cannot run here, or undefined. */
export function missingRight(): string | undefined {
  try {
    new Netns()[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return `unshare(CLONE_NEWNET) needs CAP_SYS_ADMIN: ${String(error)}`;
  }
}
