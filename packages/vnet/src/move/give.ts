import { codeOf } from '@vimage/core';
import type { Link } from '@vimage/netlink';
import type { Stack } from '../stack.ts';
import { moveRadio } from './radio.ts';
import { restoreTo } from './restore.ts';
import { isPhysical, isSame, type Snapshot } from './snapshot.ts';

/** Where an interface may be: the image's stack (unless it has died), the parent's, the machine's first. */
export interface Places {
  readonly own: Stack | undefined;
  readonly parent: Stack;
  readonly init: Stack | undefined;
}

/** Gives an interface back to the parent, with all that it had there. Safe to do again after it was interrupted anywhere. */
export function give(was: Snapshot, { own, parent, init }: Places): readonly string[] {
  const inOwn = own === undefined ? undefined : findIn(own, was, was.as);
  if (own !== undefined && inOwn !== undefined) {
    const { index, notes } = moveTo(own, parent, inOwn, was.name);
    return [`${was.name}: given back`, ...notes, ...restoreTo(parent, index, was)];
  }
  const there = findIn(parent, was, was.name);
  if (there !== undefined) return [`${was.name}: given back`, ...restoreTo(parent, there.index, was)];
  const atFirst = init === undefined || !isPhysical(was) ? undefined : findIn(init, was, was.name);
  if (init !== undefined && atFirst !== undefined) {
    const moved = init.ns.is(parent.ns) && atFirst.name === was.name ? { index: atFirst.index, notes: [] } : moveTo(init, parent, atFirst, was.name);
    return [`${was.name}: found again by its permanent address, given back`, ...moved.notes, ...restoreTo(parent, moved.index, was)];
  }
  const why = own === undefined ? 'its stack has died' : 'it is not in the image any more';
  return [`${was.name}: lost, ${why}${isPhysical(was) ? ' and no interface has its permanent address' : ' and with it a virtual interface'}`];
}

/** By the hardware's address, whatever its name now is; where it has none, by name and kind. */
function findIn(stack: Stack, was: Snapshot, name: string): Link | undefined {
  const list = stack.nl.linkList({ noStats: true }).filter((link) => isSame(link, was));
  return list.find((link) => link.name === name) ?? (isPhysical(was) ? list[0] : undefined);
}

function moveTo(from: Stack, to: Stack, link: Link, name: string): { readonly index: number; readonly notes: readonly string[] } {
  if (link.up) from.nl.linkSet(link.index, { up: false });
  if (!from.ns.is(to.ns) && moveRadio(from, to, link, name)) return { index: to.nl.linkGet(name).index, notes: [] };
  try {
    from.nl.linkSet(link.index, from.ns.is(to.ns) ? { name } : { netns: to.ns.fd, name });
    return { index: to.nl.linkGet(name).index, notes: [] };
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const free = `back${link.index}`;
    from.nl.linkSet(link.index, { netns: to.ns.fd, name: free });
    return { index: to.nl.linkGet(free).index, notes: [`${name}: that name is taken in the parent meanwhile, it is "${free}" now`] };
  }
}
