import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NLMSG_DONE, NLMSG_ERROR } from '../src/abi/netlink.ts';
import { Attrs, decodeMessages, encodeMessage, formatAddress, formatMac, NetlinkError, parseAddress, parseMac, parsePrefix, readAck, Writer } from '../src/index.ts';
import type { Message } from '../src/index.ts';

const u = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
const bytes = (max = 200): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: max });

describe('messages', () => {
  it('come back as they were written', () => {
    const message = fc.record<Message>({ type: u(16), flags: u(16), seq: u(32), port: u(32), body: bytes() });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        const datagram = Uint8Array.from(messages.flatMap((m) => [...encodeMessage(m)]));
        expect(decodeMessages(datagram)).toEqual(messages);
      }),
    );
  });

  it('cut short are an error, not a crash', () => {
    const whole = encodeMessage({ type: 1, flags: 2, seq: 3, port: 4, body: new Uint8Array(20) });
    for (let n = 1; n < whole.length; n++) expect(() => decodeMessages(whole.subarray(0, n))).toThrow(NetlinkError);
  });
});

describe('attributes', () => {
  it('come back as they were written, nested ones too', () => {
    const attribute = fc.tuple(fc.integer({ min: 0, max: 0x3fff }), bytes());
    fc.assert(
      fc.property(fc.array(attribute, { maxLength: 20 }), u(14), (list, outer) => {
        const w = new Writer(4).nest(outer, (inner) => {
          for (const [type, value] of list) inner.attrBytes(type, value);
        });
        const read = Attrs.read(w.finish()).nested(outer).list;
        expect(read.map((raw) => [raw.type, raw.bytes])).toEqual(list);
      }),
    );
  });

  it('hold numbers and text exactly', () => {
    const big = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 50 }).filter((s) => !s.includes('\0') && !s.startsWith('\uFEFF'));
    fc.assert(
      fc.property(u(8), u(16), u(32), big, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), text, (a, b, c, d, e, s) => {
        const w = new Writer(4).attrU8(1, a).attrU16(2, b).attrU32(3, c).attrU64(4, d).attrI32(5, e).attrString(6, s).attr(7, (x) => x.be16(b));
        const read = Attrs.read(w.finish());
        expect([read.u8(1), read.u16(2), read.u32(3), read.u64(4), read.i32(5), read.string(6), read.be16(7)]).toEqual([a, b, c, d, e, s, b]);
      }),
    );
  });

  it('too long, out of range or with a NUL are refused before sending', () => {
    const longest = new Writer().attrBytes(1, new Uint8Array(65531)).finish();
    expect(Attrs.read(longest).bytes(1)?.length).toBe(65531);
    const bad: (() => unknown)[] = [
      () => new Writer().attrBytes(1, new Uint8Array(65532)),
      () => new Writer().nest(1, (w) => { w.attrBytes(1, new Uint8Array(40000)).attrBytes(2, new Uint8Array(40000)); }),
      () => new Writer().u8(256), () => new Writer().u16(-1), () => new Writer().u32(1.5), () => new Writer().u32(Number.NaN), () => new Writer().u64(-1),
      () => new Writer().attrString(1, 'a\0b'),
    ];
    for (const write of bad) expect(write).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  });
});

describe('acks', () => {
  const ack = (flags: number, ...fill: ((w: Writer) => unknown)[]): Message => {
    const w = new Writer();
    for (const f of fill) f(w);
    return { type: NLMSG_ERROR, flags, seq: 1, port: 0, body: w.finish() };
  };

  it('give the kernel text whether the request is echoed or capped', () => {
    const text = (w: Writer): unknown => w.attrString(1, 'Invalid VLAN id').attrU32(2, 36);
    const capped = ack(0x300, (w) => w.i32(-22).u32(99).zero(12), text);
    const whole = ack(0x200, (w) => w.i32(-22).u32(21).zero(12).zero(8), text);
    for (const message of [capped, whole]) expect(readAck(message)).toEqual({ errno: 22, text: 'Invalid VLAN id', offset: 36 });
    expect(readAck(ack(0, (w) => w.i32(0).zero(16)))).toEqual({ errno: 0 });
    expect(readAck({ ...ack(0, (w) => w.i32(-4)), type: NLMSG_DONE })).toEqual({ errno: 4 });
  });
});

describe('addresses', () => {
  it('come back from their text', () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })), (raw) => {
      expect(parseAddress(formatAddress(raw)).bytes).toEqual(raw);
    }));
    fc.assert(fc.property(fc.ipV6(), (text) => {
      expect(parseAddress(formatAddress(parseAddress(text).bytes)).bytes).toEqual(parseAddress(text).bytes);
    }));
    fc.assert(fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (raw) => {
      expect(parseMac(formatMac(raw), 6)).toEqual(raw);
    }));
    expect(formatAddress(parseAddress('::ffff:1.2.3.4').bytes)).toBe('::ffff:1.2.3.4');
    expect(formatAddress(parseAddress('FE80:0:0:0:0:0:0:1').bytes)).toBe('fe80::1');
  });

  it('that are not exactly addresses are refused', () => {
    for (const text of ['', '10.1', '010.0.0.1', '0x7f.0.0.1', '256.0.0.1', 'fe80::1%eth0', 'localhost', '1.2.3.4 ', ':::', '1.2.3.4\0']) {
      expect(() => parseAddress(text), text).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    }
    for (const text of ['10.0.0.1/33', '10.0.0.1/-1', '10.0.0.1/', '10.0.0.1/1/2', '::/129', '10.0.0.1/2.5']) {
      expect(() => parsePrefix(text), text).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    }
    for (const text of ['', '02:00:00:00:00', '02-00-00-00-00-00', '02:00:00:00:00:zz', '02:00:00:00:00:001']) {
      expect(() => parseMac(text, 6), text).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    }
  });
});
