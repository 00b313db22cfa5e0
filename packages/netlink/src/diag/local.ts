import {
  NDIAG_PROTO_ALL, NDIAG_SHOW_GROUPS, NETLINK_DIAG_GROUPS, NETLINK_DIAG_MSG_LEN, PACKET_DIAG_INFO, PACKET_DIAG_MSG_LEN, PACKET_DIAG_UID, PACKET_SHOW_INFO,
  SOCK_DIAG_BY_FAMILY, SOCKET_TYPES, TCP_STATES, UDIAG_SHOW_NAME, UDIAG_SHOW_PEER, UDIAG_SHOW_UID, UDIAG_SHOW_VFS, UNIX_DIAG_MSG_LEN, UNIX_DIAG_NAME,
  UNIX_DIAG_PEER, UNIX_DIAG_UID, UNIX_DIAG_VFS,
} from '../abi/diag.ts';
import { AF_NETLINK, AF_PACKET, AF_UNIX } from '../abi/netlink.ts';
import type { Channel } from '../channel.ts';
import { defined } from '../enum.ts';
import { Attrs } from '../wire/attr.ts';
import type { Message } from '../wire/message.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';

/** An AF_UNIX socket (struct unix_diag_msg). */
export interface UnixSocket {
  /** `stream`, `dgram`, `seqpacket` or a number. */
  readonly type: string;
  readonly state: string;
  readonly inode: number;
  /** Path, or `@name` for an abstract one, its NUL bytes as `@`; absent where unnamed. */
  readonly name?: string;
  readonly peerInode?: number;
  readonly uid?: number;
  /** Inode and device number of the file it is bound to. */
  readonly file?: { readonly inode: number; readonly dev: number };
  readonly cookie: string;
}

/** An AF_PACKET socket (struct packet_diag_msg). */
export interface PacketSocket {
  readonly type: string;
  /** Ethernet protocol; 3 is all of them. */
  readonly protocol: number;
  readonly inode: number;
  /** Index of the interface; 0 for all. */
  readonly dev?: number;
  readonly uid?: number;
  readonly cookie: string;
}

/** An AF_NETLINK socket (struct netlink_diag_msg). */
export interface NetlinkSocket {
  readonly type: string;
  /** NETLINK_* family number. */
  readonly protocol: number;
  readonly port: number;
  readonly inode: number;
  /** Multicast groups it has joined. */
  readonly groups: readonly number[];
  readonly cookie: string;
}

function dump(channel: Channel, body: Uint8Array, object: string): Message[] {
  const messages = channel.dump({ type: SOCK_DIAG_BY_FAMILY, flags: 0, body, operation: 'socket list', object });
  return messages.filter((m) => m.type === SOCK_DIAG_BY_FAMILY);
}

/** The AF_UNIX sockets of the namespace. */
export function unixSockets(channel: Channel): UnixSocket[] {
  const show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_UID;
  const body = new Writer(24).u8(AF_UNIX).u8(0).u16(0).u32(0xffffffff).u32(0).u32(show).u32(0xffffffff).u32(0xffffffff).finish();
  return dump(channel, body, 'unix').map((m) => readUnix(m.body));
}

export function readUnix(body: Uint8Array): UnixSocket {
  const r = new Reader(body);
  r.need(0, UNIX_DIAG_MSG_LEN);
  const a = Attrs.read(body, UNIX_DIAG_MSG_LEN);
  const file = a.reader(UNIX_DIAG_VFS);
  return {
    type: typeName(r.u8(1)),
    state: TCP_STATES[r.u8(2)] ?? 'unknown',
    inode: r.u32(4),
    cookie: r.hex64(8),
    ...defined({
      name: unixName(a.bytes(UNIX_DIAG_NAME)), peerInode: a.u32(UNIX_DIAG_PEER), uid: a.u32(UNIX_DIAG_UID),
      file: file === undefined ? undefined : { inode: file.u32(0), dev: file.u32(4) },
    }),
  };
}

function unixName(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined;
  const text = new TextDecoder().decode(bytes);
  return bytes[0] === 0 ? text.replaceAll('\0', '@') : text.replace(/\0.*$/s, '');
}

/** The AF_PACKET sockets: who captures or sends raw frames. `ENOENT` if the kernel has no packet_diag. */
export function packetSockets(channel: Channel): PacketSocket[] {
  const body = new Writer(20).u8(AF_PACKET).u8(0).u16(0).u32(0).u32(PACKET_SHOW_INFO).u32(0xffffffff).u32(0xffffffff).finish();
  return dump(channel, body, 'packet').map((m) => readPacket(m.body));
}

export function readPacket(body: Uint8Array): PacketSocket {
  const r = new Reader(body);
  r.need(0, PACKET_DIAG_MSG_LEN);
  const a = Attrs.read(body, PACKET_DIAG_MSG_LEN);
  return {
    type: typeName(r.u8(1)), protocol: r.u16(2), inode: r.u32(4), cookie: r.hex64(8), ...defined({ dev: a.u32(PACKET_DIAG_INFO), uid: a.u32(PACKET_DIAG_UID) }),
  };
}

/** The AF_NETLINK sockets of every family. `ENOENT` if the kernel has no netlink_diag. */
export function netlinkSockets(channel: Channel): NetlinkSocket[] {
  const body = new Writer(20).u8(AF_NETLINK).u8(NDIAG_PROTO_ALL).u16(0).u32(0).u32(NDIAG_SHOW_GROUPS).u32(0xffffffff).u32(0xffffffff).finish();
  return dump(channel, body, 'netlink').map((m) => readNetlink(m.body));
}

export function readNetlink(body: Uint8Array): NetlinkSocket {
  const r = new Reader(body);
  r.need(0, NETLINK_DIAG_MSG_LEN);
  const bits = Attrs.read(body, NETLINK_DIAG_MSG_LEN).reader(NETLINK_DIAG_GROUPS);
  const groups: number[] = [];
  for (let word = 0; bits !== undefined && word + 4 <= bits.length; word += 4) {
    for (let bit = 0; bit < 32; bit++) if ((bits.u32(word) >>> bit) & 1) groups.push(word * 8 + bit + 1);
  }
  return { type: typeName(r.u8(1)), protocol: r.u8(2), port: r.u32(4), inode: r.u32(16), groups, cookie: r.hex64(20) };
}

function typeName(number: number): string {
  return SOCKET_TYPES[number] ?? String(number);
}
