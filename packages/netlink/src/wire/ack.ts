import { NLMSG_DONE, NLMSG_HDRLEN, NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS, NLM_F_ACK_TLVS, NLM_F_CAPPED } from '../abi/netlink.ts';
import { Attrs } from './attr.ts';
import { align4 } from './endian.ts';
import type { Message } from './message.ts';
import { Reader } from './reader.ts';

/** What the kernel answered: `errno` 0 is success; `text` and `offset` are its extended ack. */
export interface Ack {
  readonly errno: number;
  readonly text?: string;
  readonly offset?: number;
}

/** Reads an NLMSG_ERROR or NLMSG_DONE message (struct nlmsgerr, netlink(7)). A DONE without a number is success. */
export function readAck(message: Message): Ack {
  const reader = new Reader(message.body);
  if (message.type === NLMSG_DONE && reader.length < 4) return { errno: 0 };
  const errno = Math.abs(Math.min(reader.i32(0), 0));
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return { errno };
  const attrs = Attrs.read(message.body, message.type === NLMSG_DONE ? 4 : attributesAt(message, reader));
  const text = attrs.string(NLMSGERR_ATTR_MSG);
  const offset = attrs.u32(NLMSGERR_ATTR_OFFS);
  return { errno, ...(text !== undefined && { text }), ...(offset !== undefined && { offset }) };
}

/** The request's header follows the number, then its body unless it was capped. */
function attributesAt(message: Message, reader: Reader): number {
  const echoed = reader.u32(4);
  if ((message.flags & NLM_F_CAPPED) !== 0 || echoed < NLMSG_HDRLEN) return 4 + NLMSG_HDRLEN;
  return 4 + align4(echoed);
}
