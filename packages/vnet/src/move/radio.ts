import { codeOf } from '@vimage/core';
import type { Link } from '@vimage/netlink';
import type { Stack } from '../stack.ts';
import { refused } from '../words.ts';

/**
 * A wireless interface is bound to its stack, but its radio (phy) can move with all its interfaces. False: it is no wireless one.
 */
export function moveRadio(from: Stack, to: Stack, link: Link, as: string): boolean {
  if (link.netnsImmutable === false || link.kind !== undefined) return false;
  const phy = phyOf(from, link.index);
  if (phy === undefined) return false;
  try {
    from.nl.wireless().wiphySetNetns(phy, { netns: to.ns.fd });
  } catch (error) {
    throw refused(error, { param: 'if', subject: link.name, kind: 'nl80211', hints: { EOPNOTSUPP: 'the driver of this radio cannot change its stack' } });
  }
  if (as !== link.name) to.nl.linkSet(link.name, { name: as });
  return true;
}

function phyOf(stack: Stack, index: number): number | undefined {
  try {
    return stack.nl.wireless().interfaceList().find((one) => one.index === index)?.wiphy;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
