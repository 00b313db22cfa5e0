import { describe, expect, it } from 'vitest';
import { Channel, decodeMessages, DumpInterrupted, encodeMessage, Writer } from '../src/index.ts';
import type { Message, NetlinkTransport, Request } from '../src/index.ts';

// What the kernel rarely does on demand: interrupted dumps, stray answers, lost acks.

const request: Request = { type: 18, flags: 0, body: new Uint8Array(16), operation: 'link list', object: '' };

function scripted(answer: (sent: Message[], round: number) => (Message | Error)[]): { channel: Channel; sent: Message[][] } {
  const queue: (Message | Error)[] = [];
  const sent: Message[][] = [];
  const next = (): Uint8Array | undefined => {
    const message = queue.shift();
    if (message instanceof Error) throw message;
    return message === undefined ? undefined : encodeMessage(message);
  };
  const transport: NetlinkTransport = {
    send: (datagram) => {
      const messages = decodeMessages(datagram.slice());
      sent.push(messages);
      queue.push(...answer(messages, sent.length));
    },
    recv: () => {
      const datagram = next();
      if (datagram === undefined) throw new Error('would block for ever');
      return datagram;
    },
    tryRecv: next, join: () => undefined, option: () => undefined, onReadable: () => () => undefined, close: () => undefined,
  };
  return { channel: new Channel(transport), sent };
}

const seqOf = (sent: Message[]): number => sent.at(-1)?.seq ?? 0;
const ackOf = (seq: number, errno = 0): Message => ({ type: 2, flags: 0, seq, port: 0, body: new Writer().i32(-errno).zero(16).finish() });
const part = (seq: number, flags = 2): Message => ({ type: 16, flags, seq, port: 0, body: new Uint8Array(16) });
const done = (seq: number, flags = 2): Message => ({ type: 3, flags, seq, port: 0, body: new Uint8Array(4) });

describe('dumps', () => {
  it('that were interrupted are read to the end and done again', () => {
    const { channel, sent } = scripted((messages, round) => {
      const seq = seqOf(messages);
      return round < 3 ? [part(seq), part(seq, 0x12), done(seq, 0x12)] : [part(seq), done(seq)];
    });
    expect(channel.dump(request)).toHaveLength(1);
    expect(sent).toHaveLength(3);
  });

  it('that are interrupted every time are a typed error', () => {
    const { channel, sent } = scripted((messages) => [part(seqOf(messages), 0x12), done(seqOf(messages))]);
    expect(() => channel.dump(request)).toThrow(DumpInterrupted);
    expect(sent).toHaveLength(8);
  });

  it('pass over answers to older requests', () => {
    const { channel } = scripted((messages) => [part(4000), ackOf(4000, 1), part(seqOf(messages)), done(seqOf(messages))]);
    expect(channel.dump(request)).toHaveLength(1);
  });
});

describe('batches', () => {
  const many = (n: number): Request[] => Array.from({ length: n }, (_, i) => ({ ...request, operation: 'link add', object: `v${i}` }));

  it('ask one ack per datagram and give each failure to its request', () => {
    const { channel, sent } = scripted((messages) => [...messages.filter((m) => m.seq % 100 === 5).map((m) => ackOf(m.seq, 17)), ackOf(seqOf(messages))]);
    const errors = channel.batch(many(300));
    expect(errors.map((e, i) => (e === undefined ? -1 : i)).filter((i) => i >= 0)).toEqual([4, 104, 204]);
    expect(errors[104]).toMatchObject({ code: 'EEXIST', object: 'v104' });
    expect(sent.map((m) => m.length)).toEqual([128, 128, 44]);
    expect(sent.flat().filter((m) => (m.flags & 4) !== 0)).toHaveLength(3);
  });

  it('whose acks were lost say that the outcome is unknown', () => {
    const lost = Object.assign(new Error('ENOBUFS'), { code: 'ENOBUFS' });
    const { channel } = scripted((messages) => [ackOf(messages[0]?.seq ?? 0, 17), lost]);
    expect(channel.batch(many(3)).map((e) => e?.code)).toEqual(['EEXIST', 'ENOBUFS', 'ENOBUFS']);
  });
});
