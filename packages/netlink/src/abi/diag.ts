// Numbers of <linux/sock_diag.h>, inet_diag.h, unix_diag.h, packet_diag.h, netlink_diag.h; see sock_diag(7).

export const SOCK_DIAG_BY_FAMILY = 20;
export const SOCK_DESTROY = 21;

export const INET_DIAG_REQ_LEN = 56;
export const INET_DIAG_MSG_LEN = 72;
export const INET_DIAG_SKV6ONLY = 11;
export const INET_DIAG_MARK = 15;
export const INET_DIAG_CGROUP_ID = 21;

export const IP_PROTOCOLS = { icmp: 1, tcp: 6, udp: 17, dccp: 33, sctp: 132, udplite: 136, raw: 255 } as const;

/** TCP state names by number, as ss(8) has them (<net/tcp_states.h>). */
export const TCP_STATES = [
  'unknown', 'established', 'syn-sent', 'syn-recv', 'fin-wait-1', 'fin-wait-2', 'time-wait', 'closed', 'close-wait',
  'last-ack', 'listening', 'closing', 'new-syn-recv', 'bound-inactive',
] as const;

export const UNIX_DIAG_REQ_LEN = 24;
export const UNIX_DIAG_MSG_LEN = 16;
export const UDIAG_SHOW_NAME = 0x01;
export const UDIAG_SHOW_VFS = 0x02;
export const UDIAG_SHOW_PEER = 0x04;
export const UDIAG_SHOW_UID = 0x40;
export const UNIX_DIAG_NAME = 0;
export const UNIX_DIAG_VFS = 1;
export const UNIX_DIAG_PEER = 2;
export const UNIX_DIAG_UID = 7;

export const PACKET_DIAG_MSG_LEN = 16;
export const PACKET_SHOW_INFO = 0x01;
export const PACKET_DIAG_INFO = 0;
export const PACKET_DIAG_UID = 5;

export const NETLINK_DIAG_MSG_LEN = 28;
export const NDIAG_PROTO_ALL = 255;
export const NDIAG_SHOW_GROUPS = 0x02;
export const NETLINK_DIAG_GROUPS = 1;

/** SOCK_* types by number. */
export const SOCKET_TYPES: Readonly<Record<number, string>> = { 1: 'stream', 2: 'dgram', 3: 'raw', 5: 'seqpacket', 10: 'packet' };
