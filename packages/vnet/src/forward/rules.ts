import { parseAddress } from '@vimage/netlink';
import { PRIORITY } from '../nft/abi.ts';
import * as expr from '../nft/expr.ts';
import { Transaction } from '../nft/nft.ts';
import type { PortMap } from '../params/value.ts';
import { familyOf, targetOf, type Forwarding } from './wish.ts';

/** Name of an image's own table in the parent's stack. */
export function tableName(serial: bigint): string {
  return `vimage_${serial}`;
}

const loopback = Uint8Array.of(127, 0, 0, 0);
const loopbackMask = Uint8Array.of(255, 0, 0, 0);

/** An image's table, whole: it replaces one that is there. */
export function tableOf(serial: bigint, wish: Forwarding): Transaction {
  const table = tableName(serial);
  const t = new Transaction().clearTable(table).addTable(table);
  if (publishes4(wish)) guardLoopback(t, table, wish);
  if (wish.publish.length > 0) addPublish(t, table, wish);
  addSource(t, table, wish);
  return t;
}

/** Whether 127.0.0.1 of the parent leads into the image. */
export function publishes4(wish: Forwarding): boolean {
  return wish.publish.some((map) => map.address === undefined || familyOf(map.address) === 4);
}

/**
 * With route_localnet the image could send to services that the parent has on 127.0.0.1 only (CVE-2020-8558): such packets are dropped
 * before anything looks at them. Replies to the parent's own connections do not carry that address yet at this point.
 */
function guardLoopback(t: Transaction, table: string, wish: Forwarding): void {
  t.addChain(table, 'raw', { type: 'filter', hook: 'prerouting', priority: PRIORITY.raw });
  for (const { name } of wish.ends) {
    for (const which of ['daddr', 'saddr'] as const) {
      t.addRule(table, 'raw', expr.iifname(name), expr.family(4), expr.addr(which, loopback, loopbackMask), expr.drop());
    }
  }
}

function addPublish(t: Transaction, table: string, wish: Forwarding): void {
  for (const hook of ['prerouting', 'output'] as const) {
    t.addChain(table, hook, { type: 'nat', hook, priority: PRIORITY.dstnat });
    for (const map of wish.publish) {
      for (const family of [4, 6] as const) {
        const to = targetOf(wish, family);
        if (to === undefined || !isOf(map, family)) continue;
        t.addRule(table, hook, expr.family(family), ...destination(map, family, hook), expr.dport(map.protocol, map.host), expr.dnat(to, map.image));
      }
    }
  }
}

function isOf(map: PortMap, family: 4 | 6): boolean {
  return map.address === undefined || familyOf(map.address) === family;
}

const anyAddress = new Set(['0.0.0.0', '::']);

function destination(map: PortMap, family: 4 | 6, hook: 'prerouting' | 'output'): readonly (readonly expr.Expr[])[] {
  if (map.address !== undefined && !anyAddress.has(map.address)) return [expr.addr('daddr', parseAddress(map.address).bytes)];
  // A packet from ::1 can leave for no other stack: refused at once is better than never answered.
  const notLoopback = family === 6 && hook === 'output' ? [expr.addrNot('daddr', parseAddress('::1').bytes)] : [];
  return [...notLoopback, expr.local('daddr')];
}

/** Whose source is rewritten: what the image sends out, and what must come back through the parent though the image could answer directly. */
function addSource(t: Transaction, table: string, wish: Forwarding): void {
  const chain = 'postrouting';
  t.addChain(table, chain, { type: 'nat', hook: 'postrouting', priority: PRIORITY.srcnat });
  for (const end of wish.ends) {
    if (wish.publish.length > 0) {
      t.addRule(table, chain, expr.iifname(end.name), expr.oifname(end.name), expr.wasDnat(), expr.masquerade());
      t.addRule(table, chain, expr.oifname(end.name), expr.wasDnat(), expr.local('saddr'), expr.masquerade());
      // Where a bridge hands frames to netfilter, they have no incoming interface here; the image itself is told by its address.
      for (const address of end.addrs) {
        t.addRule(table, chain, expr.family(familyOf(address)), expr.addr('saddr', parseAddress(address).bytes), expr.oifname(end.name), expr.wasDnat(), expr.masquerade());
      }
    }
    if (wish.nat === false) continue;
    const out = typeof wish.nat === 'string' ? expr.oifname(wish.nat) : expr.oifname(end.name, true);
    for (const address of end.addrs) {
      t.addRule(table, chain, expr.family(familyOf(address)), expr.addr('saddr', parseAddress(address).bytes), out, expr.masquerade());
    }
    if (end.port === undefined) t.addRule(table, chain, expr.iifname(end.name), out, expr.masquerade());
  }
}
