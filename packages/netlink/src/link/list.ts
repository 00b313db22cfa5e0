import { IFLA_EXT_MASK, IFLA_MASTER, IFLA_TARGET_NETNSID, RTEXT_FILTER_SKIP_STATS } from '../abi/link.ts';
import { RTM_GETLINK, RTM_NEWLINK } from '../abi/rtnetlink.ts';
import type { Channel } from '../channel.ts';
import { codeOf, NetlinkError } from '../error.ts';
import { EBADMSG } from '../abi/errno.ts';
import type { LinkRef } from '../names.ts';
import { refText, writeIfinfo, writeRef } from '../resolve.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';
import type { Link } from './link.ts';
import { readLink } from './read.ts';

/** Which interfaces to list. */
export interface LinkFilter {
  /** Only the ports of this master, by index. */
  master?: number;
  /** In the namespace with this id (see `nsidOf`) instead of the socket's. */
  nsid?: number;
  /** Leave the counters out; faster with many interfaces. */
  noStats?: boolean;
}

/** Every interface of the namespace, by index. */
export function linkList(channel: Channel, filter: LinkFilter = {}): Link[] {
  const w = new Writer(64);
  writeIfinfo(w, undefined);
  if (filter.noStats === true) w.attrU32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  if (filter.master !== undefined) w.attrU32(IFLA_MASTER, filter.master);
  if (filter.nsid !== undefined) w.attrI32(IFLA_TARGET_NETNSID, filter.nsid);
  const messages = channel.dump({ type: RTM_GETLINK, flags: 0, body: w.finish(), operation: 'link list', object: '' });
  const links = messages.filter((m) => m.type === RTM_NEWLINK).map((m) => readLink(m.body));
  return filter.master === undefined ? links : links.filter((link) => link.master === filter.master);
}

/** One interface by name, alternative name or index; `ENODEV` if there is none. */
export function linkGet(channel: Channel, link: LinkRef, nsid?: number): Link {
  return readLink(ask(channel, link, (w) => {
    if (nsid !== undefined) w.attrI32(IFLA_TARGET_NETNSID, nsid);
  }));
}

/** Only the index of an interface: less for the kernel to gather and for us to read. */
export function linkIndex(channel: Channel, link: LinkRef): number {
  return new Reader(ask(channel, link, (w) => w.attrU32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS))).i32(4);
}

function ask(channel: Channel, link: LinkRef, fill: (writer: Writer) => void): Uint8Array {
  const w = new Writer(64);
  writeIfinfo(w, link);
  writeRef(w, link);
  fill(w);
  const request = { type: RTM_GETLINK, flags: 0, body: w.finish(), operation: 'link get', object: refText(link) };
  const answer = channel.request(request).find((m) => m.type === RTM_NEWLINK);
  if (answer === undefined) throw new NetlinkError(EBADMSG, request, 'the kernel acked without an answer');
  return answer.body;
}

/** As `linkGet`, but undefined if there is none. */
export function linkFind(channel: Channel, link: LinkRef): Link | undefined {
  try {
    return linkGet(channel, link);
  } catch (error) {
    if (codeOf(error) === 'ENODEV') return undefined;
    throw error;
  }
}
