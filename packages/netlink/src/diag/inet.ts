import { INET_DIAG_CGROUP_ID, INET_DIAG_MARK, INET_DIAG_MSG_LEN, INET_DIAG_SKV6ONLY, IP_PROTOCOLS, SOCK_DESTROY, SOCK_DIAG_BY_FAMILY, TCP_STATES } from '../abi/diag.ts';
import type { IpFamily } from '../address.ts';
import { familyName, familyNumber, formatAddress, parseAddressOf } from '../address.ts';
import type { Channel } from '../channel.ts';
import { defined } from '../enum.ts';
import { invalid, malformed } from '../error.ts';
import type { Request } from '../request.ts';
import { Attrs } from '../wire/attr.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';

export type IpProtocol = keyof typeof IP_PROTOCOLS;
export type TcpState = (typeof TCP_STATES)[number];

/** One end of a connection. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A socket of the namespace (struct inet_diag_msg, sock_diag(7)). */
export interface InetSocket {
  readonly family: IpFamily;
  readonly protocol: IpProtocol;
  /** As ss(8) has it; an unconnected UDP socket is `closed`. */
  readonly state: TcpState;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Index of the interface it is bound to; 0 for none. */
  readonly dev: number;
  readonly uid: number;
  /** Inode in sockfs, as /proc/PID/fd names it; 0 where no process holds it (time-wait). */
  readonly inode: number;
  /** Bytes waiting; of a listening socket, connections waiting and their limit. */
  readonly recvQueue: number;
  readonly sendQueue: number;
  /** The kernel's own identity of the socket, hexadecimal; tells a reused port from the same one. */
  readonly cookie: string;
  readonly mark?: number;
  readonly v6only?: boolean;
  /** Id of its cgroup v2, hexadecimal. */
  readonly cgroup?: string;
}

export interface InetFilter {
  /** Both unless given. */
  family?: IpFamily;
  /** TCP and UDP unless given. */
  protocol?: IpProtocol;
  /** Every state unless given, listening and time-wait included. */
  states?: readonly TcpState[];
}

/** Sockets of one family and protocol. `ENOENT` if the kernel has no diag for that protocol. */
export function inetDump(channel: Channel, family: IpFamily, protocol: IpProtocol, states?: readonly TcpState[]): InetSocket[] {
  const w = new Writer(64);
  w.u8(familyNumber(family)).u8(IP_PROTOCOLS[protocol]).u8(0).u8(0).u32(stateBits(states)).zero(48);
  return channel
    .dump({ type: SOCK_DIAG_BY_FAMILY, flags: 0, body: w.finish(), operation: 'socket list', object: `${protocol} ${family}` })
    .filter((m) => m.type === SOCK_DIAG_BY_FAMILY)
    .map((m) => readInet(m.body, protocol));
}

/** TCP and UDP sockets of both families, or what the filter asks for. */
export function inetSockets(channel: Channel, filter: InetFilter = {}): InetSocket[] {
  const families: readonly IpFamily[] = filter.family === undefined ? ['inet', 'inet6'] : [filter.family];
  const protocols: readonly IpProtocol[] = filter.protocol === undefined ? ['tcp', 'udp'] : [filter.protocol];
  return protocols.flatMap((protocol) => families.flatMap((family) => inetDump(channel, family, protocol, filter.states)));
}

function stateBits(states: readonly TcpState[] | undefined): number {
  if (states === undefined) return 0xffffffff;
  return states.reduce((bits, state) => {
    const number = TCP_STATES.indexOf(state);
    if (number < 1) throw invalid('socket state', `${state} is not one of ${TCP_STATES.slice(1).join(', ')}`);
    return bits | (1 << number);
  }, 0);
}

/** Reads struct inet_diag_msg and its attributes. */
export function readInet(body: Uint8Array, protocol: IpProtocol): InetSocket {
  const r = new Reader(body);
  r.need(0, INET_DIAG_MSG_LEN);
  const family = familyName(r.u8(0));
  if (family === undefined) throw malformed(`socket of family ${r.u8(0)}`);
  const size = family === 'inet' ? 4 : 16;
  const a = Attrs.read(body, INET_DIAG_MSG_LEN);
  const v6only = a.u8(INET_DIAG_SKV6ONLY);
  return {
    family,
    protocol,
    state: TCP_STATES[r.u8(1)] ?? 'unknown',
    local: { address: formatAddress(r.slice(8, size)), port: r.be16(4) },
    remote: { address: formatAddress(r.slice(24, size)), port: r.be16(6) },
    dev: r.u32(40),
    cookie: r.hex64(44),
    recvQueue: r.u32(56),
    sendQueue: r.u32(60),
    uid: r.u32(64),
    inode: r.u32(68),
    ...defined({ mark: a.u32(INET_DIAG_MARK), v6only: v6only === undefined ? undefined : v6only !== 0, cgroup: a.reader(INET_DIAG_CGROUP_ID)?.hex64(0) }),
  };
}

/**
 * Ends a connection or unbinds a listening socket from outside (`ss -K`): its holder's calls fail with ECONNABORTED. The
 * cookie makes sure that it is the same one. `ENOENT` if it is gone, `EOPNOTSUPP` if the kernel was built without it.
 */
export function socketDestroy(socket: Pick<InetSocket, 'family' | 'protocol' | 'local' | 'remote' | 'dev' | 'cookie'>): Request {
  const size = socket.family === 'inet' ? 12 : 0;
  const cookie = BigInt(`0x${/^[0-9a-f]{1,16}$/.test(socket.cookie) ? socket.cookie : 'ffffffffffffffff'}`);
  const w = new Writer(64);
  w.u8(familyNumber(socket.family)).u8(IP_PROTOCOLS[socket.protocol]).u8(0).u8(0).u32(0xffffffff);
  w.be16(socket.local.port).be16(socket.remote.port);
  w.bytes(parseAddressOf(socket.family, socket.local.address, 'local address')).zero(size);
  w.bytes(parseAddressOf(socket.family, socket.remote.address, 'remote address')).zero(size);
  w.u32(socket.dev).cookie(cookie);
  return { type: SOCK_DESTROY, flags: 0, body: w.finish(), operation: 'socket destroy', object: `${socket.protocol} ${socket.local.address}:${socket.local.port}` };
}
