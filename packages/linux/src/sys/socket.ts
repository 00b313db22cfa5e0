import { door } from '../door.ts';
import { check, int, lastErrno, native } from './libc.ts';
import { SysError, errnoName } from './error.ts';
import { POLLHUP, POLLIN } from '../abi/socket.ts';

const cSocket = native<(domain: number, type: number, protocol: number) => number>((lib) => lib.func('int socket(int domain, int type, int protocol)'));
const cPair = native<(domain: number, type: number, protocol: number, pair: Buffer) => number>((lib) =>
  lib.func('int socketpair(int domain, int type, int protocol, void *pair)'),
);
const cBind = native<(fd: number, address: Buffer, length: number) => number>((lib) => lib.func('int bind(int fd, const void *address, unsigned int length)'));
const cSend = native<(fd: number, bytes: Uint8Array, length: number, flags: number) => number>((lib) =>
  lib.func('long send(int fd, const void *bytes, unsigned long length, int flags)'),
);
const cRecv = native<(fd: number, bytes: Uint8Array, length: number, flags: number) => number>((lib) =>
  lib.func('long recv(int fd, void *bytes, unsigned long length, int flags)'),
);
const cSetsockopt = native<(fd: number, level: number, name: number, value: Buffer, length: number) => number>((lib) =>
  lib.func('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)'),
);
const cPoll = native<(fds: Buffer, count: number, timeout: number) => number>((lib) => lib.func('int poll(void *fds, unsigned long count, int timeout)'));

/** socket(2): the descriptor, close-on-exec. */
export function socket(domain: number, type: number, protocol: number): number {
  return door('socket', () => check(cSocket()(int(domain, 'domain'), int(type, 'type'), int(protocol, 'protocol')), 'socket'));
}

/** socketpair(2): two descriptors, close-on-exec. */
export function socketpair(domain: number, type: number): readonly [number, number] {
  const pair = Buffer.alloc(8);
  check(cPair()(int(domain, 'domain'), int(type, 'type'), 0, pair), 'socketpair');
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

/** bind(2). */
export function bind(fd: number, address: Buffer): void {
  check(cBind()(int(fd, 'fd'), address, address.length), 'bind');
}

/** send(2) of one whole message. EINTR is not an error. */
export function send(fd: number, bytes: Uint8Array, flags: number): void {
  door('send', () => {
    while (cSend()(int(fd, 'fd'), bytes, bytes.length, flags) < 0) interrupted('send');
  });
}

/** recv(2); with MSG_TRUNC the length the message really had. Undefined when there is none and it would block. */
export function recv(fd: number, bytes: Uint8Array, flags: number): number | undefined {
  for (;;) {
    const n = cRecv()(int(fd, 'fd'), bytes, bytes.length, flags);
    if (n >= 0) return n;
    if (errnoName(lastErrno()) === 'EAGAIN') return undefined;
    interrupted('recv');
  }
}

function interrupted(syscall: string): void {
  const errno = lastErrno();
  if (errnoName(errno) !== 'EINTR') throw new SysError(syscall, errno);
}

const option = Buffer.alloc(4);

/** setsockopt(2) of an int. */
export function setOption(fd: number, level: number, name: number, value: number): void {
  option.writeInt32LE(int(value, 'value'), 0);
  check(cSetsockopt()(int(fd, 'fd'), int(level, 'level'), int(name, 'name'), option, 4), 'setsockopt');
}

/** poll(2) for reading: the indexes of the descriptors that are readable or hung up, within `timeout` ms (0: now, -1: no end). */
export function pollReadable(fds: readonly number[], timeout: number): readonly number[] {
  const entries = Buffer.alloc(8 * fds.length);
  fds.forEach((fd, at) => {
    entries.writeInt32LE(fd, 8 * at);
    entries.writeInt16LE(POLLIN, 8 * at + 4);
  });
  const until = performance.now() + timeout;
  for (let left = timeout; cPoll()(entries, fds.length, int(Math.ceil(left), 'timeout')) < 0; left = Math.max(0, until - performance.now())) interrupted('poll');
  return fds.flatMap((_, at) => ((entries.readInt16LE(8 * at + 6) & (POLLIN | POLLHUP)) !== 0 ? [at] : []));
}
