import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM } from './abi/socket.ts';
import { away } from './away.ts';
import { withNs } from './ns.ts';
import type { Namespace } from './ns.ts';
import { setInterfaceFlags } from './sys/ns.ts';
import { socket } from './sys/socket.ts';
import { close } from './sys/libc.ts';

const IFF_UP = 1;

/**
 * Sets the loopback interface up where the thread stands (netdevice(7)). Not by netlink: the kernel frees a netlink socket only
 * after a grace period, for which the namespace would outlive its image.
 */
export function upHere(): void {
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    setInterfaceFlags(fd, 'lo', IFF_UP);
  } finally {
    close(fd);
  }
}

/** The same in `ns`. */
export function loopbackUp(ns: Namespace): void {
  if (away()?.text(ns, 'up') === undefined) withNs(ns, upHere);
}
