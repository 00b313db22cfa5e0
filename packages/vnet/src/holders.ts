import { readdirSync, readlinkSync } from 'node:fs';
import type { Holder } from '@vimage/core';
import { companionLives, madeBy, processInfo } from '@vimage/linux';
import { whereKnown } from './known.ts';
import { rawSockets, type FoundSocket } from './raw.ts';
import type { Vnet } from './vnet.ts';

/** The sockets of a stack: each keeps it alive, wherever the process that holds it stands. */
export function holders(made: Vnet): readonly Holder[] {
  return [...uplinkOf(made), ...socketHolders(made)];
}

function uplinkOf({ uplink }: Vnet): readonly Holder[] {
  return uplink !== undefined && companionLives(uplink) ? [{ kind: 'process', pid: uplink.pid, detail: `uplink: ${uplink.program}` }] : [];
}

function socketHolders(made: Vnet): readonly Holder[] {
  const sockets = socketsOf(made).filter(({ inode }) => inode !== 0);
  if (sockets.length === 0) return [];
  const pids = holdersOf(new Set(sockets.map(({ inode }) => inode)));
  const saidBy = new Map([...new Set([...pids.values()].flat())].map((pid) => [pid, new Map(madeBy(pid).map(({ inode, text }) => [inode, text]))]));
  return sockets.flatMap(({ inode, detail }): Holder[] => {
    const mine = pids.get(inode);
    if (mine === undefined) return [{ kind: 'socket', detail: `${detail}: no process that can be seen has it` }];
    // Our own sockets go with the handle that opened them.
    return mine.filter((pid) => pid !== process.pid || !detail.startsWith('netlink')).map((pid) => {
      const said = saidBy.get(pid)?.get(inode);
      return { kind: 'socket', pid, detail: `${detail}: ${processInfo(pid)?.command ?? '?'}${said === undefined ? '' : `, ${said}`}` };
    });
  });
}

function socketsOf({ stack }: Vnet): readonly FoundSocket[] {
  const { nl } = stack;
  const inet = whereKnown(() => nl.inetSockets(), []).map(({ inode, protocol, state, local, remote }): FoundSocket => {
    const to = remote.port === 0 ? '' : ` to ${end(remote)}`;
    return { inode, detail: `${protocol} ${end(local)}${to} (${state})` };
  });
  const unix = whereKnown(() => nl.unixSockets(), []).map(({ inode, type, name }): FoundSocket => ({ inode, detail: `unix ${type} ${name ?? 'without a name'}` }));
  const packet = whereKnown(() => nl.packetSockets(), []).map(({ inode, type, dev }): FoundSocket => ({ inode, detail: `packet ${type} on ${dev === undefined || dev === 0 ? 'every interface' : linkName(nl, dev)}` }));
  // The kernel's own ends have port 0.
  const netlink = whereKnown(() => nl.netlinkSockets(), []).filter(({ port }) => port !== 0).map(({ inode, protocol }): FoundSocket => ({ inode, detail: `netlink family ${protocol}` }));
  return [...inet, ...rawSockets(stack), ...unix, ...packet, ...netlink];
}

function linkName(nl: Vnet['stack']['nl'], dev: number): string {
  return nl.linkFind(dev)?.name ?? `#${dev}`;
}

function end({ address, port }: { readonly address: string; readonly port: number }): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** By inode of a socket, the processes that have it open. */
function holdersOf(inodes: ReadonlySet<number>): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const mine = new Set(openSockets(pid));
    for (const inode of mine) if (inodes.has(inode)) found.set(inode, [...(found.get(inode) ?? []), pid]);
  }
  return found;
}

function openSockets(pid: number): readonly number[] {
  return quiet(() => readdirSync(`/proc/${pid}/fd`), []).flatMap((fd) => {
    const target = quiet(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    return inode === undefined ? [] : [Number(inode)];
  });
}

/** Processes end while one looks. */
function quiet<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
