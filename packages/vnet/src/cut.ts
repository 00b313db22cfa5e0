import { VimageError } from '@vimage/core';
import { parsePrefix } from '@vimage/netlink';
import { PRIORITY } from './nft/abi.ts';
import * as expr from './nft/expr.ts';
import { Transaction } from './nft/nft.ts';
import type { Vnet } from './vnet.ts';

/**
 * Parts two stacks: neither hears the other until {@link heal}, whatever leads from one to the other. What is said is dropped without a word, as where a cable
 * is cut: connections stay, and wait. It goes by the addresses that both have now, so not behind NAT. Doing it again takes the addresses anew.
 * EINVAL: they are one, or one is the machine's; EOPNOTSUPP: the kernel has no nf_tables.
 */
export function cut(a: Vnet, b: Vnet): void {
  check(a, b);
  try {
    deafen(a, b);
    deafen(b, a);
  } catch (error) {
    heal(a, b);
    throw error;
  }
}

/** Undoes {@link cut}; fine where there is nothing to undo. */
export function heal(a: Vnet, b: Vnet): void {
  check(a, b);
  for (const [at, other] of [[a, b], [b, a]] as const) new Transaction('cut').clearTable(tableOf(other)).commit(at.stack);
}

function check(a: Vnet, b: Vnet): void {
  if (a.kind === 'root' || b.kind === 'root') {
    throw new VimageError('EINVAL', 'one of the two has the machine\'s own network stack, which is not for tests to cut off', { subject: 'net', hint: 'give each an own one: vir net' });
  }
  if (a.stack.ns.is(b.stack.ns)) throw new VimageError('EINVAL', 'both have one network stack: there is nothing between them', { subject: 'net', hint: 'give each an own one: vir net' });
}

/** Name of the rules by which one does not hear another. */
function tableOf({ stack: { ns } }: Vnet): string {
  return `vimage_cut_${ns.id ?? ns.ino}`;
}

function deafen(at: Vnet, other: Vnet): void {
  const table = tableOf(other);
  const t = new Transaction('cut').clearTable(table).addTable(table).addChain(table, 'input', { type: 'filter', hook: 'input', priority: PRIORITY.raw });
  const foreign = other.stack.nl.addrList().map(({ address }) => parsePrefix(address)).filter(({ bytes }) => !isLoopback(bytes));
  for (const { family, bytes } of foreign) {
    t.addRule(table, 'input', expr.iifname('lo', true), expr.family(family === 'inet' ? 4 : 6), expr.addr('saddr', bytes), expr.drop());
  }
  t.commit(at.stack);
}

function isLoopback(bytes: Uint8Array): boolean {
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, i) => byte === (i === 15 ? 1 : 0));
}
