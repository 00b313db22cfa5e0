import { NETNSA_FD, NETNSA_NSID, RTM_GETNSID, RTM_NEWNSID } from './abi/rtnetlink.ts';
import type { Channel } from './channel.ts';
import type { Request } from './request.ts';
import { Attrs } from './wire/attr.ts';
import { Writer } from './wire/writer.ts';

/** The body of an nsid message: struct rtgenmsg, padded, and attributes. */
function body(fd: number, id?: number): Uint8Array {
  const w = new Writer(32).u8(0).zero(3).attrU32(NETNSA_FD, fd);
  return (id === undefined ? w : w.attrI32(NETNSA_NSID, id)).finish();
}

/** Reads the id out of RTM_NEWNSID; undefined where none is assigned (-1). */
export function readNsid(bytes: Uint8Array): number | undefined {
  const id = Attrs.read(bytes, 4).i32(NETNSA_NSID);
  return id === undefined || id < 0 ? undefined : id;
}

/** The id by which the socket's namespace knows the one behind a descriptor; undefined if it has none yet (ip-netns(8)). */
export function nsidOf(channel: Channel, fd: number): number | undefined {
  const answer = channel.request({ type: RTM_GETNSID, flags: 0, body: body(fd), operation: 'nsid get', object: `fd ${fd}` });
  for (const message of answer) if (message.type === RTM_NEWNSID) return readNsid(message.body);
  return undefined;
}

/** Gives the namespace behind a descriptor an id, which lasts as long as it; without `id` the kernel picks. `EEXIST` if it has one. */
export function nsidSet(fd: number, id = -1): Request {
  return { type: RTM_NEWNSID, flags: 0, body: body(fd, id), operation: 'nsid set', object: `fd ${fd}` };
}
