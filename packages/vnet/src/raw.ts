import { withNetFiles, type NetFiles } from '@vimage/linux';
import type { Stack } from './stack.ts';

/** A socket by its inode in sockfs, and what to say of it. */
export interface FoundSocket {
  readonly inode: number;
  readonly detail: string;
}

const files = [['raw', 'raw'], ['raw6', 'raw'], ['icmp', 'ping'], ['icmp6', 'ping']] as const;
const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };

/** Raw and ping sockets, as /proc/net/raw and its like have them: sock_diag(7) knows them only where the kernel was built for it. */
export function rawSockets(stack: Stack): readonly FoundSocket[] {
  return withNetFiles(stack.ns, (net) => files.flatMap(([file, kind]) => linesOf(net, `/proc/thread-self/net/${file}`).flatMap((line): FoundSocket[] => {
    // sl local:PORT remote st queues timer retransmissions uid timeout inode; a raw socket's port is its protocol.
    const [, local = '', , , , , , , , inode] = line.trim().split(/\s+/);
    const number = parseInt(local.split(':')[1] ?? '', 16);
    const what = kind === 'raw' ? `raw, protocol ${protocols[number] ?? number}` : `ping, id ${number}`;
    return inode === undefined ? [] : [{ inode: Number(inode), detail: what }];
  })));
}

/** Without the line of headings; none where the kernel has no such file. */
function linesOf(net: NetFiles, path: string): readonly string[] {
  try {
    return net.read(path).split('\n').slice(1).filter((line) => line !== '');
  } catch {
    return [];
  }
}
