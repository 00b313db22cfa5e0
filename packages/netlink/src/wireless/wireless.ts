import type { Channel } from '../channel.ts';
import { familyGet } from './genl.ts';
import type { Wiphy, WiphyTarget, WirelessInterface } from './nl80211.ts';
import { interfaceBody, mergeWiphys, readInterface, readWiphy, setWiphyNetnsBody, wiphyListBody } from './nl80211.ts';

/** The radios of a namespace. */
export interface Wireless {
  wiphyList(): Wiphy[];
  interfaceList(): WirelessInterface[];
  /** Moves a radio with all its interfaces; `EOPNOTSUPP` if the driver cannot. */
  wiphySetNetns(wiphy: number, target: WiphyTarget): void;
}

/** Finds nl80211 (`ENOENT` if the kernel has none) and gives its operations. */
export function wireless(channel: Channel): Wireless {
  const { id } = familyGet(channel, 'nl80211');
  return {
    wiphyList: () => {
      const messages = channel.dump({ type: id, flags: 0, body: wiphyListBody(), operation: 'wiphy list', object: '' });
      return mergeWiphys(messages.filter((m) => m.type === id).map((m) => readWiphy(m.body)));
    },
    interfaceList: () => {
      const messages = channel.dump({ type: id, flags: 0, body: interfaceBody(), operation: 'wireless list', object: '' });
      return messages.filter((m) => m.type === id).map((m) => readInterface(m.body));
    },
    wiphySetNetns: (wiphy, target) => {
      channel.request({ type: id, flags: 0, body: setWiphyNetnsBody(wiphy, target), operation: 'wiphy set netns', object: `phy${wiphy}` });
    },
  };
}
