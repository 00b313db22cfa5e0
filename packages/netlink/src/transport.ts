/**
 * An open netlink socket of one network namespace. The package makes no system call: whoever embeds it supplies this.
 * Every method throws an `Error` whose `code` is the errno name.
 */
export interface NetlinkTransport {
  /** Sends one datagram to the kernel, which has acted on it when this returns. */
  send(message: Uint8Array): void;
  /** Reads one datagram, blocking. The buffer must hold 64 KiB; the bytes returned are not written to again. */
  recv(): Uint8Array;
  /** Reads one datagram if there is one. `ENOBUFS` means that messages were lost. */
  tryRecv(): Uint8Array | undefined;
  /** Joins a multicast group by number (NETLINK_ADD_MEMBERSHIP). */
  join(group: number): void;
  /** Sets an integer option at level SOL_NETLINK (netlink(7)). `ENOPROTOOPT` is tolerated. */
  option(name: number, value: number): void;
  /** Calls back on the event loop while there is something to read; returns the un-hook. */
  onReadable(cb: () => void): () => void;
  close(): void;
}

/** Opens a socket of a netlink family (0 route, 4 sock_diag, 12 netfilter, 16 generic) in the namespace it stands for. */
export type OpenTransport = (family: number) => NetlinkTransport;
