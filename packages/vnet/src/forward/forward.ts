import { VimageError, codeOf, type Pairs } from '@vimage/core';
import { identityPairs } from '@vimage/linux';
import type { Job } from '../change/job.ts';
import { valueOf } from '../move/journal.ts';
import { Transaction } from '../nft/nft.ts';
import type { Stack } from '../stack.ts';
import type { Vnet } from '../vnet.ts';
import { borrow, giveBackBorrowed } from './borrow.ts';
import { publishes4, tableName, tableOf } from './rules.ts';
import { forwardingOf, type Forwarding } from './wish.ts';

/** Makes the parent forward for the image as the values say, or no more. */
export async function changeForwarding(job: Job): Promise<void> {
  const { serial } = job.image;
  const before = job.fresh ? undefined : forwardingOf(job.beforeValues, serial);
  const after = forwardingOf(job.values, serial);
  const at = job.parent.stack;
  if (after === undefined && before === undefined) return;
  if (after === undefined) {
    stopForwarding(at, serial);
    job.scope.defer(() => {
      if (before !== undefined) startForwarding(at, serial, before);
    });
    return;
  }
  checkOut(at, after);
  // The note stays until the image goes: stopping what has stopped does no harm.
  if (job.fresh || !(await job.stage.journalled('net')).some(isForward)) await job.stage.journal('net', forwardEntry(job.parent));
  job.scope.defer(() => {
    if (before !== undefined) startForwarding(at, serial, before);
    else stopForwarding(at, serial);
  });
  startForwarding(at, serial, after);
}

function checkOut(at: Stack, { nat }: Forwarding): void {
  if (typeof nat !== 'string' || at.nl.linkFind(nat) !== undefined) return;
  throw new VimageError('ENODEV', `nat: there is no interface "${nat}" in the parent`, { subject: nat, hint: 'name the interface that leads out, or give nat true for any' });
}

function startForwarding(at: Stack, serial: bigint, wish: Forwarding): void {
  borrow(at, serial, settingsOf(at, wish));
  if (publishes4(wish)) {
    // The other end of a veth is the image's own: what is set there goes with it.
    at.setSysctls(wish.ends.filter(({ port }) => port === undefined).map((end) => [`net.ipv4.conf.${end.name.replaceAll('.', '/')}.route_localnet`, '1'] as const));
  }
  // What the image sends to its own published port comes back through the port of the bridge that it came from.
  const ports = wish.ends.flatMap(({ port }) => (port === undefined ? [] : [port]));
  for (const port of ports) if (at.nl.linkFind(port) !== undefined) at.nl.linkSet(port, { bridgePort: { hairpin: wish.publish.length > 0 } });
  tableOf(serial, wish).commit(at);
}

function settingsOf(at: Stack, wish: Forwarding): readonly (readonly [string, string])[] {
  const settings: (readonly [string, string])[] = [];
  if (wish.families.includes(4)) settings.push(['net.ipv4.ip_forward', '1']);
  if (wish.families.includes(6)) {
    // A router stops listening to routers, unless told to go on: the parent would lose its own default route.
    const heard = new Set(at.nl.routeList({ family: 'inet6', protocol: 'ra' }).map(({ dev }) => dev));
    for (const link of at.nl.linkList({ noStats: true }).filter(({ index }) => heard.has(index))) {
      settings.push([`net.ipv6.conf.${link.name.replaceAll('.', '/')}.accept_ra`, '2']);
    }
    settings.push(['net.ipv6.conf.all.forwarding', '1']);
  }
  if (publishes4(wish)) {
    for (const end of wish.ends) if (end.port !== undefined) settings.push([`net.ipv4.conf.${end.name.replaceAll('.', '/')}.route_localnet`, '1']);
  }
  return settings;
}

/** Removes the image's table from the parent's stack, and puts back what it borrowed there. Fine when there is nothing. */
export function stopForwarding(at: Stack, serial: bigint): readonly string[] {
  const lines: string[] = [];
  try {
    new Transaction().deleteTable(tableName(serial)).commit(at);
    lines.push(`nftables: table ${tableName(serial)} removed`);
  } catch (error) {
    // Whoever may not change the stack has changed nothing in it.
    if (codeOf(error) === 'EPERM') return [];
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  return [...lines, ...giveBackBorrowed(at, serial)];
}

function forwardEntry(parent: Vnet): Pairs {
  return [['act', 'forward'], ['parent', parent.serial === undefined ? 'root' : String(parent.serial)], ...identityPairs(parent.stack.ns)];
}

/** Whether a journal entry is of the parent's forwarding. */
export function isForward(entry: Pairs): boolean {
  return valueOf(entry, 'act') === 'forward';
}
