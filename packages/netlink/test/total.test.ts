import fc from 'fast-check';
import { describe, it } from 'vitest';
import { readAddr } from '../src/addr.ts';
import { readInet } from '../src/diag/inet.ts';
import { readNetlink, readPacket, readUnix } from '../src/diag/local.ts';
import { readEvent } from '../src/events.ts';
import { Attrs, decodeMessages, NetlinkError, readAck, Writer } from '../src/index.ts';
import { readLink } from '../src/link/read.ts';
import { readNeigh } from '../src/neigh.ts';
import { readNsid } from '../src/nsid.ts';
import { readQdisc } from '../src/qdisc.ts';
import { readRoute } from '../src/route/read.ts';
import { readRule } from '../src/rule.ts';
import { readFamily, readGenl } from '../src/wireless/genl.ts';
import { readInterface, readWiphy } from '../src/wireless/nl80211.ts';

const readers: Record<string, (body: Uint8Array) => unknown> = {
  messages: decodeMessages,
  attributes: (b) => Attrs.read(b),
  ack: (body) => readAck({ type: 2, flags: 0x200, seq: 0, port: 0, body }),
  done: (body) => readAck({ type: 3, flags: 0x200, seq: 0, port: 0, body }),
  link: readLink, addr: readAddr, route: readRoute, neigh: readNeigh, rule: readRule, qdisc: readQdisc, nsid: readNsid,
  inet: (b) => readInet(b, 'tcp'), unix: readUnix, packet: readPacket, netlink: readNetlink,
  genl: readGenl, family: readFamily, wiphy: readWiphy, interface: readInterface,
  event: (body) => [16, 17, 20, 24, 28, 32, 88].map((type) => readEvent({ type, flags: 0, seq: 0, port: 0, body })),
};

/** Bytes that get past the header: zeros of a header's size with a family, then well-formed attributes of random content, some nested. */
const likely = fc
  .tuple(
    fc.constantFrom(4, 8, 12, 16, 20, 28, 72),
    fc.constantFrom(0, 1, 2, 10, 16),
    fc.array(fc.tuple(fc.integer({ min: 0, max: 70 }), fc.uint8Array({ maxLength: 40 }), fc.boolean(), fc.integer({ min: 0, max: 30 })), { maxLength: 12 }),
  )
  .map(([header, family, attributes]) => {
    const w = new Writer().u8(family).zero(header - 1);
    for (const [type, value, nested, inner] of attributes) {
      if (nested) w.nest(type, (n) => n.attrBytes(inner, value).attrBytes(2, value));
      else w.attrBytes(type, value);
    }
    return w.finish();
  });

describe('readers are total: any bytes give a result or a coded error', () => {
  it.each(Object.entries(readers))('%s', (_, read) => {
    const check = (body: Uint8Array): void => {
      try {
        read(body);
      } catch (error) {
        if (!(error instanceof NetlinkError) || error.code !== 'EBADMSG') throw error;
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check), { numRuns: 500 });
    fc.assert(fc.property(likely, check), { numRuns: 500 });
    fc.assert(fc.property(likely, fc.nat(), fc.nat(255), (body, at, value) => {
      if (body.length > 0) body[at % body.length] = value;
      check(body);
    }), { numRuns: 500 });
  });
});
