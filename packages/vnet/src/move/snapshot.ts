import type { Addr, Link, Neigh, Qdisc, Route } from '@vimage/netlink';
import { omit } from '../omit.ts';
import type { Stack } from '../stack.ts';

/** Directories of /proc/sys that each have one directory per interface. */
export const sysctlDirs = ['net/ipv4/conf', 'net/ipv6/conf', 'net/ipv4/neigh', 'net/ipv6/neigh'] as const;

/** All that an interface loses when it changes stacks, and by what it is known again. */
export interface Snapshot {
  /** Its name in the parent, and in the image. */
  readonly name: string;
  readonly as: string;
  readonly link: Link;
  /** Name of its master in the parent. */
  readonly master?: string;
  readonly addrs: readonly Addr[];
  readonly routes: readonly Route[];
  readonly neighs: readonly Neigh[];
  readonly qdiscs: readonly Qdisc[];
  readonly classes: readonly Qdisc[];
  /** By directory (see {@link sysctlDirs}), then by name. */
  readonly sysctls: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Writes down what there is to know of an interface of `stack`, under its current name. */
export function snapshot(stack: Stack, link: Link, as: string): Snapshot {
  const { nl } = stack;
  const master = link.master === undefined ? undefined : nl.linkFind(link.master)?.name;
  const qdiscs = nl.qdiscList(link.index).filter(({ handle }) => handle !== 'none');
  return {
    name: link.name,
    as,
    link: omit(link, 'stats'),
    ...(master === undefined ? {} : { master }),
    addrs: nl.addrList({ dev: link.index }),
    // What the kernel made itself it makes again, with the address or the link.
    routes: nl.routeList({ dev: link.index }).filter(({ protocol, table }) => protocol !== 'kernel' && table !== 255),
    neighs: [...nl.neighList({ dev: link.index }), ...nl.neighList({ dev: link.index, proxy: true })].filter(worthKeeping),
    qdiscs,
    classes: qdiscs.length === 0 ? [] : nl.classList(link.index),
    sysctls: Object.fromEntries(sysctlDirs.map((dir) => [dir, Object.fromEntries(stack.sysctlDir(`${dir}/${link.name}`))])),
  };
}

function worthKeeping({ address, state, flags, lladdr }: Neigh): boolean {
  if (flags.includes('proxy')) return true;
  const multicast = /^(2(2[4-9]|3\d)\.|ff)/i.test(address);
  return lladdr !== undefined && !multicast && !['failed', 'incomplete', 'none'].includes(state);
}

/** Whether an interface is the one of a snapshot: by the hardware's own address, else by kind and type. */
export function isSame(link: Link, { link: was }: Snapshot): boolean {
  if (was.permAddress !== undefined || link.permAddress !== undefined) return was.permAddress === link.permAddress;
  return link.kind === was.kind && link.type === was.type;
}

/** A device of the machine's own hardware: it outlives every stack. */
export function isPhysical({ link }: Snapshot): boolean {
  return link.kind === undefined && link.permAddress !== undefined;
}
