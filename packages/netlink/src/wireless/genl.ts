import {
  CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_MCAST_GROUPS, CTRL_ATTR_MCAST_GRP_ID, CTRL_ATTR_MCAST_GRP_NAME, CTRL_ATTR_VERSION, CTRL_CMD_GETFAMILY,
  GENL_HDRLEN, GENL_ID_CTRL, GENL_NAME_MAX,
} from '../abi/genl.ts';
import type { Channel } from '../channel.ts';
import { invalid, malformed } from '../error.ts';
import type { Request } from '../request.ts';
import { Attrs } from '../wire/attr.ts';
import { Reader } from '../wire/reader.ts';
import { Writer } from '../wire/writer.ts';

/** A generic netlink family; its number differs from boot to boot. */
export interface GenlFamily {
  readonly id: number;
  readonly name: string;
  readonly version: number;
  /** Multicast groups by name. */
  readonly groups: Readonly<Record<string, number>>;
}

/** A message of a generic netlink family: struct genlmsghdr, then attributes. */
export interface GenlMessage {
  readonly command: number;
  readonly version: number;
  readonly attrs: Attrs;
}

/** Writes struct genlmsghdr; attributes follow. */
export function genlBody(command: number, version: number, fill: (writer: Writer) => void): Uint8Array {
  const w = new Writer(64).u8(command).u8(version).u16(0);
  fill(w);
  return w.finish();
}

/** Reads the body of a generic netlink message. */
export function readGenl(body: Uint8Array): GenlMessage {
  const r = new Reader(body);
  r.need(0, GENL_HDRLEN);
  return { command: r.u8(0), version: r.u8(1), attrs: Attrs.read(body, GENL_HDRLEN) };
}

/** The request that asks for a family by name. */
export function familyRequest(name: string): Request {
  if (!/^[\x21-\x7e]+$/.test(name) || name.length > GENL_NAME_MAX) throw invalid('generic netlink family', `${JSON.stringify(name.slice(0, 40))} is not a name of 1 to ${GENL_NAME_MAX} bytes`);
  const body = genlBody(CTRL_CMD_GETFAMILY, 1, (w) => w.attrString(CTRL_ATTR_FAMILY_NAME, name));
  return { type: GENL_ID_CTRL, flags: 0, body, operation: 'family get', object: name };
}

/** Reads the controller's answer. */
export function readFamily(body: Uint8Array): GenlFamily {
  const { attrs } = readGenl(body);
  const id = attrs.u16(CTRL_ATTR_FAMILY_ID);
  if (id === undefined) throw malformed('family without an id');
  const groups = attrs.nested(CTRL_ATTR_MCAST_GROUPS).list.map((raw) => Attrs.read(raw.bytes));
  return {
    id,
    name: attrs.string(CTRL_ATTR_FAMILY_NAME) ?? '',
    version: attrs.u32(CTRL_ATTR_VERSION) ?? 1,
    groups: Object.fromEntries(groups.map((group) => [group.string(CTRL_ATTR_MCAST_GRP_NAME) ?? '', group.u32(CTRL_ATTR_MCAST_GRP_ID) ?? 0])),
  };
}

/** Finds a family by name. `ENOENT` if the kernel has none of it. */
export function familyGet(channel: Channel, name: string): GenlFamily {
  const answer = channel.request(familyRequest(name)).find((m) => m.type === GENL_ID_CTRL);
  if (answer === undefined) throw malformed('the controller acked without an answer');
  return readFamily(answer.body);
}
