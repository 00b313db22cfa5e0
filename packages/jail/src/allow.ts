/** Parameters of jail(8) that permit something, and what permits the same on Linux: a switch of `vir priv`. */
export const allowTable: Readonly<Record<AllowKey, { readonly priv: string; readonly describe: string }>> = {
  'allow.set_hostname': { priv: 'allow.set_hostname', describe: 'root may set the host name of the jail' },
  'allow.sysvipc': { priv: 'allow.sysvipc', describe: 'System V shared memory, semaphores and messages, and POSIX message queues' },
  'allow.raw_sockets': { priv: 'allow.raw_sockets', describe: 'raw and packet sockets (ping, traceroute)' },
  'allow.chflags': { priv: 'allow.chflags', describe: 'the immutable and append-only flags of files' },
  'allow.mount': { priv: 'allow.mount', describe: 'to mount and unmount, whatever kind of file system' },
  'allow.quotas': { priv: 'allow.quotas', describe: 'to read and set disk quotas' },
  'allow.read_msgbuf': { priv: 'allow.read_msgbuf', describe: 'to read the kernel’s messages' },
  'allow.socket_af': { priv: 'allow.socket_af', describe: 'sockets of every family' },
  'allow.mlock': { priv: 'allow.mlock', describe: 'to lock memory beyond the limit' },
  'allow.reserved_ports': { priv: 'allow.reserved_ports', describe: 'ports below 1024' },
  'allow.unprivileged_proc_debug': { priv: 'allow.ptrace', describe: 'to debug processes of the jail' },
  'allow.settime': { priv: 'allow.clock', describe: 'to set the machine’s clock' },
  'allow.routing': { priv: 'allow.net_admin', describe: 'to configure the network: interfaces, addresses, routes, packet filters' },
};

export type AllowKey =
  | 'allow.set_hostname' | 'allow.sysvipc' | 'allow.raw_sockets' | 'allow.chflags' | 'allow.mount' | 'allow.quotas' | 'allow.read_msgbuf' | 'allow.socket_af'
  | 'allow.mlock' | 'allow.reserved_ports' | 'allow.unprivileged_proc_debug' | 'allow.settime' | 'allow.routing';

export function isAllowKey(key: string): key is AllowKey {
  return Object.hasOwn(allowTable, key);
}

export const allowKeys: readonly AllowKey[] = Object.keys(allowTable).filter(isAllowKey);
