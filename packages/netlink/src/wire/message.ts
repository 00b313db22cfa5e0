import { NLMSG_HDRLEN } from '../abi/netlink.ts';
import { malformed } from '../error.ts';
import { align4 } from './endian.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** One netlink message: struct nlmsghdr (netlink(7)) and what follows it. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  /** Port id of the socket the message is for. */
  readonly port: number;
  readonly body: Uint8Array;
}

/** Appends a message, padded to 4 bytes. */
export function writeMessage(writer: Writer, message: Message): void {
  const length = NLMSG_HDRLEN + message.body.length;
  writer.u32(length).u16(message.type).u16(message.flags).u32(message.seq).u32(message.port).bytes(message.body);
  writer.zero(align4(length) - length);
}

/** One message as a datagram. */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new Writer(NLMSG_HDRLEN + align4(message.body.length));
  writeMessage(writer, message);
  return writer.finish();
}

/** The messages of a datagram, in order. Lengths that do not fit are `EBADMSG`. */
export function decodeMessages(datagram: Uint8Array): Message[] {
  const reader = new Reader(datagram);
  const messages: Message[] = [];
  for (let at = 0; at < reader.length; ) {
    if (reader.length - at < NLMSG_HDRLEN) throw malformed(`${reader.length - at} bytes after the last message`);
    const length = reader.u32(at);
    if (length < NLMSG_HDRLEN || at + length > reader.length) throw malformed(`message of ${length} bytes in ${reader.length - at}`);
    messages.push({
      type: reader.u16(at + 4),
      flags: reader.u16(at + 6),
      seq: reader.u32(at + 8),
      port: reader.u32(at + 12),
      body: reader.slice(at + NLMSG_HDRLEN, length - NLMSG_HDRLEN),
    });
    at += align4(length);
  }
  return messages;
}
