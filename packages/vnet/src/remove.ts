import { Scope, codeOf, type Pairs, type RemoveContext } from '@vimage/core';
import { apply } from './change/apply.ts';
import { stopForwarding } from './forward/forward.ts';
import { whereKnown } from './known.ts';
import { give } from './move/give.ts';
import { initStack } from './move/init.ts';
import { isMove, moveOf } from './move/take.ts';
import { isNetns, removeNetns } from './netns.ts';
import { omit } from './omit.ts';
import { endNoted, isUplink } from './uplink/uplink.ts';
import type { Vnet } from './vnet.ts';

/**
 * Gives the parent back what the image took, and removes what it made, cables before the stack: the kernel would take them down at
 * some later time, and their names with them. Shared, the stack keeps what the others use.
 */
export async function removeVnet(made: Vnet, cx: RemoveContext<'net'>): Promise<readonly string[]> {
  const lines: string[] = [];
  const entries = await cx.stage.journalled('net');
  const owed: Pairs[] = [];
  for (const entry of entries.filter(isMove).toReversed()) {
    const was = moveOf(entry);
    try {
      lines.push(...give(was, { own: made.stack, parent: cx.parent.stack, init: initStack() }));
    } catch (error) {
      owed.unshift(entry);
      lines.push(`${was.name}: could not be given back (${codeOf(error) ?? String(error)}); it is "${was.as}" in the image`);
    }
  }
  if (entries.some(isNetns)) removeNetns(cx.image.name, String(made.stack.ns.ino));
  // Sharers go on using it; whoever ends the last of them finds its note.
  if (cx.shared) owed.push(...entries.filter(isUplink));
  else {
    for (const entry of entries.filter(isUplink)) await endNoted(entry);
    if (cx.values.nat !== undefined || cx.values.publish !== undefined || entries.some((entry) => !isUplink(entry))) lines.push(...stopForwarding(cx.parent.stack, cx.image.serial));
    if (made.kind === 'adopted') await strip(made, cx);
    else {
      // With none of these there is no other end, but where another image has put one.
      if (cablesOf(cx).length + (cx.values.bridge ?? []).length + entries.length > 0) endOrphans(made);
      endCables(made, cx);
    }
  }
  // What is still owed is given back when the stack has died: hardware is found again by then.
  if (entries.length > 0) await cx.stage.settle('net', owed);
  return lines;
}

/**
 * Ends connections that no process has any more, and that wait for an answer of the other end: where none comes they would keep the stack for minutes. Where the kernel
 * cannot (CONFIG_INET_DIAG_DESTROY), the image is dying for as long.
 */
function endOrphans({ stack: { nl } }: Vnet): void {
  const waiting = whereKnown(() => nl.inetSockets({ protocol: 'tcp', states: ['fin-wait-1', 'fin-wait-2', 'closing', 'last-ack'] }), []);
  for (const socket of waiting) if (socket.inode === 0) whereKnown(() => { nl.socketDestroy(socket); }, undefined);
}

function cablesOf({ values }: RemoveContext<'net'>): readonly string[] {
  return [...(values.veth ?? []), ...(values.macvlan ?? [])].map(({ key }) => key);
}

/** Ends the cables of a stack that goes: both ends go at once. */
function endCables(made: Vnet, cx: RemoveContext<'net'>): void {
  const names = cablesOf(cx);
  if (names.length === 0) return;
  const indexes = names.length === 1 ? names : made.stack.nl.linkList({ noStats: true }).filter(({ name }) => names.includes(name)).map(({ index }) => index);
  for (const { error } of made.stack.nl.batch((ops) => { for (const link of indexes) ops.linkDel(link); })) {
    if (error !== undefined && error.code !== 'ENODEV') throw error;
  }
}

/** Takes out of an adopted stack, which stays, what the image put there. */
async function strip(made: Vnet, cx: RemoveContext<'net'>): Promise<void> {
  const values = omit(cx.values, 'if', 'nat', 'publish', 'netns', 'uplink');
  const scope = new Scope();
  const peer = (): never => {
    throw new Error('no peer is needed to remove');
  };
  await apply(made, values, {}, { image: cx.image, parent: cx.parent, stage: cx.stage, scope, fresh: false, peer });
  scope.move();
}
