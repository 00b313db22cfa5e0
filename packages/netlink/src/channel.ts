import { EINTR, ENOBUFS } from './abi/errno.ts';
import {
  NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK, NETLINK_ROUTE, NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST,
  NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN,
} from './abi/netlink.ts';
import { codeOf, DumpInterrupted, NetlinkError } from './error.ts';
import type { Request } from './request.ts';
import { ackError } from './request.ts';
import type { NetlinkTransport, OpenTransport } from './transport.ts';
import { readAck } from './wire/ack.ts';
import type { Message } from './wire/message.ts';
import { decodeMessages, encodeMessage, writeMessage } from './wire/message.ts';
import { Writer } from './wire/writer.ts';

/** How often an interrupted dump is tried before `DumpInterrupted`. */
const DUMP_ATTEMPTS = 8;
/** Requests in one datagram: so many failures' acks still fit the smallest default receive buffer. */
const BATCH_REQUESTS = 128;
const BATCH_BYTES = 48 * 1024;

/** Requests and answers over one netlink socket, matched by sequence number. Synchronous; not shared between threads. */
export class Channel {
  readonly #transport: NetlinkTransport;
  #seq = 0;

  constructor(transport: NetlinkTransport) {
    this.#transport = transport;
  }

  /** Opens a socket and asks for extended acks, short acks and, for route, strict checking of dump filters. */
  static open(open: OpenTransport, family: number): Channel {
    const transport = open(family);
    try {
      for (const name of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, ...(family === NETLINK_ROUTE ? [NETLINK_GET_STRICT_CHK] : [])]) tryOption(transport, name);
    } catch (error) {
      transport.close();
      throw error;
    }
    return new Channel(transport);
  }

  /** Sends one request and waits for its ack; gives the messages that came before it. */
  request(request: Request): Message[] {
    const seq = this.#reserve(1);
    this.#transport.send(encodeMessage({ ...request, flags: request.flags | NLM_F_REQUEST | NLM_F_ACK, seq, port: 0 }));
    const answers: Message[] = [];
    for (;;) {
      for (const message of this.#receive(request)) {
        if (message.seq !== seq) continue;
        if (message.type !== NLMSG_ERROR) {
          answers.push(message);
          continue;
        }
        const error = ackError(request, readAck(message));
        if (error !== undefined) throw error;
        return answers;
      }
    }
  }

  /** Does the requests of one operation in turn; when one fails, those before it are undone as it says. */
  run(requests: readonly Request[]): void {
    for (const request of requests) {
      try {
        this.request(request);
      } catch (error) {
        if (request.undo !== undefined) this.batch([request.undo]);
        throw error;
      }
    }
  }

  /** Every message of a dump. One that changes interrupt is done again, a bounded number of times. */
  dump(request: Request): Message[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const messages = this.#dumpOnce(request);
      if (messages !== undefined) return messages;
    }
    throw new DumpInterrupted(request, DUMP_ATTEMPTS);
  }

  /**
   * Sends requests in few datagrams; the kernel acts on them in order and does not stop at a failure. Gives, for each
   * request, its error or undefined.
   */
  batch(requests: readonly Request[]): (NetlinkError | undefined)[] {
    const errors: (NetlinkError | undefined)[] = [];
    let chunk: Request[] = [];
    let bytes = 0;
    for (const request of requests) {
      if (chunk.length >= BATCH_REQUESTS || (chunk.length > 0 && bytes + request.body.length > BATCH_BYTES)) {
        errors.push(...this.#sendChunk(chunk));
        chunk = [];
        bytes = 0;
      }
      chunk.push(request);
      bytes += request.body.length;
    }
    if (chunk.length > 0) errors.push(...this.#sendChunk(chunk));
    return errors;
  }

  close(): void {
    this.#transport.close();
  }

  /** Failures are always acked, success only where asked: so only the last message of a datagram asks. */
  #sendChunk(chunk: readonly Request[]): (NetlinkError | undefined)[] {
    const errors: (NetlinkError | undefined)[] = chunk.map(() => undefined);
    const first = this.#reserve(chunk.length);
    const writer = new Writer(BATCH_BYTES);
    chunk.forEach((request, i) => {
      const ack = i === chunk.length - 1 ? NLM_F_ACK : 0;
      writeMessage(writer, { ...request, flags: request.flags | NLM_F_REQUEST | ack, seq: first + i, port: 0 });
    });
    try {
      this.#transport.send(writer.finish());
      for (let done = false; !done; ) {
        for (const message of this.#receive(chunk[0])) {
          const at = message.seq - first;
          const request = chunk[at];
          if (message.type !== NLMSG_ERROR || request === undefined) continue;
          errors[at] = ackError(request, readAck(message));
          if (at === chunk.length - 1) done = true;
        }
      }
    } catch (error) {
      if (codeOf(error) !== 'ENOBUFS') throw error;
      return chunk.map((request, i) => errors[i] ?? new NetlinkError(ENOBUFS, request, 'acks were lost, the outcome is unknown'));
    }
    return errors;
  }

  /** Undefined when the dump was interrupted. Always reads to its end, so that nothing is left for the next request. */
  #dumpOnce(request: Request): Message[] | undefined {
    const seq = this.#reserve(1);
    this.#transport.send(encodeMessage({ ...request, flags: request.flags | NLM_F_REQUEST | NLM_F_DUMP, seq, port: 0 }));
    const messages: Message[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive(request)) {
        if (message.seq !== seq) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0 && message.type !== NLMSG_ERROR) interrupted = true;
        if (message.type !== NLMSG_DONE && message.type !== NLMSG_ERROR) {
          messages.push(message);
          continue;
        }
        const ack = readAck(message);
        const error = ackError(request, ack);
        if (error !== undefined && ack.errno !== EINTR) throw error;
        return interrupted || ack.errno === EINTR ? undefined : messages;
      }
    }
  }

  #receive(context: Request | undefined): Message[] {
    const messages = decodeMessages(this.#transport.recv());
    if (messages.length === 0) throw new NetlinkError(5, context ?? { operation: 'read', object: '' }, 'the socket gave an empty datagram');
    for (const { type } of messages) {
      if (type === NLMSG_OVERRUN) throw new NetlinkError(ENOBUFS, context ?? { operation: 'read', object: '' });
    }
    return messages.filter((message) => message.type !== NLMSG_NOOP);
  }

  /** So many sequence numbers in a row; gives the first. */
  #reserve(count: number): number {
    const first = this.#seq + count > 0xffffffff ? 1 : this.#seq + 1;
    this.#seq = first + count - 1;
    return first;
  }
}

function tryOption(transport: NetlinkTransport, name: number): void {
  try {
    transport.option(name, 1);
  } catch (error) {
    if (codeOf(error) !== 'ENOPROTOOPT') throw error;
  }
}
