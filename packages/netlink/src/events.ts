import { NETLINK_ROUTE } from './abi/netlink.ts';
import {
  RTM_DELADDR, RTM_DELLINK, RTM_DELNEIGH, RTM_DELNSID, RTM_DELROUTE, RTM_DELRULE, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWNEIGH, RTM_NEWNSID, RTM_NEWROUTE, RTM_NEWRULE,
  RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_RULE, RTNLGRP_LINK, RTNLGRP_NEIGH,
  RTNLGRP_NSID,
} from './abi/rtnetlink.ts';
import { AF_BRIDGE } from './abi/netlink.ts';
import type { Addr } from './addr.ts';
import { readAddr } from './addr.ts';
import { codeOf } from './error.ts';
import type { Link } from './link/link.ts';
import { readLink } from './link/read.ts';
import type { Neigh } from './neigh.ts';
import { readNeigh } from './neigh.ts';
import { readNsid } from './nsid.ts';
import type { Route } from './route/spec.ts';
import { readRoute } from './route/read.ts';
import type { Rule } from './rule.ts';
import { readRule } from './rule.ts';
import type { NetlinkTransport, OpenTransport } from './transport.ts';
import type { Message } from './wire/message.ts';
import { decodeMessages } from './wire/message.ts';

/** What one can listen to (ip-monitor(8)). */
export type EventGroup = 'link' | 'addr' | 'route' | 'neigh' | 'rule' | 'nsid';

const GROUPS: Readonly<Record<EventGroup, readonly number[]>> = {
  link: [RTNLGRP_LINK],
  addr: [RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR],
  route: [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE],
  neigh: [RTNLGRP_NEIGH],
  rule: [RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE],
  nsid: [RTNLGRP_NSID],
};

/** A change of the namespace. `resync` says that some were lost (ENOBUFS): list again what you follow. */
export type NetlinkEvent =
  | { type: 'link'; action: 'new' | 'del'; link: Link }
  | { type: 'addr'; action: 'new' | 'del'; addr: Addr }
  | { type: 'route'; action: 'new' | 'del'; route: Route }
  | { type: 'neigh'; action: 'new' | 'del'; neigh: Neigh }
  | { type: 'rule'; action: 'new' | 'del'; rule: Rule }
  | { type: 'nsid'; action: 'new' | 'del'; nsid: number }
  | { type: 'resync' };

/**
 * Changes on the event loop: iterate it, or give a callback. It keeps the process alive until it is closed. Errors of the
 * socket end the iteration with that error. Events wait without bound until they are taken: close what you do not read.
 */
export class EventStream implements AsyncIterable<NetlinkEvent>, Disposable {
  readonly #transport: NetlinkTransport;
  readonly #unhook: () => void;
  readonly #callback: ((event: NetlinkEvent) => void) | undefined;
  readonly #queue: NetlinkEvent[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  #error: unknown;

  constructor(open: OpenTransport, groups: readonly EventGroup[], callback?: (event: NetlinkEvent) => void) {
    this.#callback = callback;
    this.#transport = open(NETLINK_ROUTE);
    try {
      for (const group of groups) for (const number of GROUPS[group]) this.#transport.join(number);
      this.#unhook = this.#transport.onReadable(() => {
        this.#drain();
      });
    } catch (error) {
      this.#transport.close();
      throw error;
    }
  }

  /** Stops listening and ends the iteration. Closing again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unhook();
    this.#transport.close();
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<NetlinkEvent, void, undefined> {
    try {
      for (;;) {
        for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) yield event;
        if (this.#error !== undefined) throw this.#error;
        if (this.#closed) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.close();
    }
  }

  #drain(): void {
    while (!this.#closed) {
      let datagram: Uint8Array | undefined;
      try {
        datagram = this.#transport.tryRecv();
        if (datagram === undefined) return;
        for (const event of decodeMessages(datagram).flatMap(readEvent)) this.#emit(event);
      } catch (error) {
        if (codeOf(error) === 'ENOBUFS') this.#emit({ type: 'resync' });
        else {
          this.#error = error;
          this.close();
          if (this.#callback !== undefined) throw error;
        }
      }
    }
  }

  #emit(event: NetlinkEvent): void {
    if (this.#closed) return;
    if (this.#callback !== undefined) this.#callback(event);
    else this.#queue.push(event);
    this.#wake?.();
  }
}

/** The event of one message; none for messages that are not changes known here. */
export function readEvent(message: Message): NetlinkEvent[] {
  const { type, body } = message;
  switch (type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      // A bridge tells of its ports in messages of its own family, which describe no interface in full.
      return body[0] === AF_BRIDGE ? [] : [{ type: 'link', action: type === RTM_NEWLINK ? 'new' : 'del', link: readLink(body) }];
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      const addr = readAddr(body);
      return addr === undefined ? [] : [{ type: 'addr', action: type === RTM_NEWADDR ? 'new' : 'del', addr }];
    }
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const route = readRoute(body);
      return route === undefined ? [] : [{ type: 'route', action: type === RTM_NEWROUTE ? 'new' : 'del', route }];
    }
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH: {
      const neigh = readNeigh(body);
      return neigh === undefined ? [] : [{ type: 'neigh', action: type === RTM_NEWNEIGH ? 'new' : 'del', neigh }];
    }
    case RTM_NEWRULE:
    case RTM_DELRULE: {
      const rule = readRule(body);
      return rule === undefined ? [] : [{ type: 'rule', action: type === RTM_NEWRULE ? 'new' : 'del', rule }];
    }
    case RTM_NEWNSID:
    case RTM_DELNSID: {
      const nsid = readNsid(body);
      return nsid === undefined ? [] : [{ type: 'nsid', action: type === RTM_NEWNSID ? 'new' : 'del', nsid }];
    }
    default:
      return [];
  }
}
