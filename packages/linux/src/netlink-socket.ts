import { koffi } from './sys/ffi.ts';
import { InvariantError, codeOf } from '@vimage/core';
import {
  AF_NETLINK, MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, NETLINK_ADD_MEMBERSHIP, SOCKADDR_NL, SOCK_CLOEXEC, SOCK_RAW, SOL_NETLINK, SOL_SOCKET,
  SO_RCVBUF, SO_RCVBUFFORCE,
} from './abi/socket.ts';
import { away } from './away.ts';
import { isOwn, withNs } from './ns.ts';
import type { Namespace } from './ns.ts';
import { bind, recv, send, setOption, socket } from './sys/socket.ts';
import { close } from './sys/libc.ts';

const receiveBuffer = 4 << 20;
const scratch: Buffer = Buffer.allocUnsafe(64 << 10);
const none: Buffer = Buffer.alloc(0);

/** How many sockets of ours are open, by the inode of the namespace they belong to. */
const open = new Map<bigint, number>();

/** Whether this process itself keeps a network namespace with a netlink socket. */
export function holdsSocketIn(ino: bigint): boolean {
  return open.has(ino);
}

/**
 * A netlink(7) socket. It belongs to the network namespace it was opened in, wherever it is used from.
 * ENOBUFS from a receive: messages were lost, ask again for the whole.
 */
export class NetlinkSocket implements Disposable {
  #fd: number;
  readonly #ns: bigint | undefined;
  readonly #unhook = new Set<() => void>();

  /** Opens a socket of `family` (0 route, 4 sock_diag, 12 netfilter, 16 generic) where the thread stands, in `ns`. EPROTONOSUPPORT. */
  constructor(family: number, ns?: Namespace, opened: number = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family)) {
    this.#ns = ns?.ino;
    this.#fd = opened;
    try {
      try {
        setOption(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer);
      } catch (error) {
        if (codeOf(error) !== 'EPERM') throw error;
        setOption(this.#fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
      }
      const address = Buffer.alloc(SOCKADDR_NL);
      address.writeUInt16LE(AF_NETLINK, 0);
      bind(this.#fd, address);
      if (this.#ns !== undefined) open.set(this.#ns, (open.get(this.#ns) ?? 0) + 1);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get fd(): number {
    if (this.#fd < 0) throw new InvariantError('a closed netlink socket was used');
    return this.#fd;
  }

  /** Sends one datagram; the kernel has acted on it when this returns. */
  send(message: Uint8Array): void {
    send(this.fd, message, 0);
  }

  /** Receives one datagram, waiting for it. */
  recv(): Uint8Array {
    return this.#receive(0) ?? none;
  }

  /** Receives one datagram if there is one. */
  tryRecv(): Uint8Array | undefined {
    return this.#receive(MSG_DONTWAIT);
  }

  #receive(flags: number): Uint8Array | undefined {
    const length = recv(this.fd, scratch, MSG_PEEK | MSG_TRUNC | flags);
    if (length === undefined) return undefined;
    if (length <= scratch.length) {
      const message = new Uint8Array(scratch.subarray(0, length));
      recv(this.fd, none, MSG_TRUNC | MSG_DONTWAIT);
      return message;
    }
    const message = new Uint8Array(length);
    recv(this.fd, message, MSG_DONTWAIT);
    return message;
  }

  /** NETLINK_ADD_MEMBERSHIP. */
  join(group: number): void {
    setOption(this.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
  }

  /** An option at level SOL_NETLINK; one that the kernel does not have is passed over. */
  option(name: number, value: number): void {
    try {
      setOption(this.fd, SOL_NETLINK, name, value);
    } catch (error) {
      if (codeOf(error) !== 'ENOPROTOOPT') throw error;
    }
  }

  /** Calls back on the event loop while there is something to read, until un-hooked; keeps the process alive meanwhile. */
  onReadable(cb: () => void): () => void {
    const poll = koffi.node.poll(this.fd, { readable: true }, () => cb());
    const stop = (): void => {
      if (this.#unhook.delete(stop)) poll.close();
    };
    this.#unhook.add(stop);
    return stop;
  }

  close(): void {
    if (this.#fd < 0) return;
    for (const stop of [...this.#unhook]) stop();
    close(this.#fd);
    this.#fd = -1;
    const left = this.#ns === undefined ? 0 : (open.get(this.#ns) ?? 0) - 1;
    if (this.#ns === undefined) return;
    if (left > 0) open.set(this.#ns, left);
    else open.delete(this.#ns);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A netlink socket of `ns`, or of where the thread stands. */
export function netlinkSocket(family: number, ns?: Namespace): NetlinkSocket {
  if (ns === undefined) return new NetlinkSocket(family);
  const other = away();
  if (other !== undefined && isOwn(ns)) return new NetlinkSocket(family, ns);
  const opened = other?.fd(ns, 'socket', String(family));
  return opened === undefined ? withNs(ns, () => new NetlinkSocket(family, ns)) : new NetlinkSocket(family, ns, opened);
}
