import fc from 'fast-check';
import { type } from '../../src/param/types.ts';
import type { ParamType } from '../../src/param/type.ts';

export const plainText = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', maxLength }).filter((text) => !/[\p{Cc}\p{Surrogate}]/u.test(text));

const ifname = fc.stringMatching(/^[a-z][a-z0-9_.@-]{0,14}$/).filter((name) => name !== 'all' && name !== 'default');
const segment = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,10}$/);
const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => type.address().parse(text));
const cidr = fc.tuple(address, fc.nat(128)).map(([text, prefix]) => {
  const family: 4 | 6 = text.includes(':') ? 6 : 4;
  return { family, address: text, prefix: family === 4 ? prefix % 33 : prefix };
});
const network = fc.constantFrom('10.0.0.0/8', '0.0.0.0/0', '::/0', 'fd00:1::/32', '10.1.2.3/32', 'fe80::1/128').map((text) => type.network().parse(text));
const port = fc.integer({ min: 1, max: 65535 });
const portMap = fc.record({ address, host: port, image: port, protocol: fc.constantFrom('tcp' as const, 'udp' as const) }, { requiredKeys: ['host', 'image', 'protocol'] });

export interface Case<T> {
  readonly type: ParamType<T>;
  readonly value: fc.Arbitrary<T>;
}

const one = <T>(of: ParamType<T>, value: fc.Arbitrary<T>): Case<unknown> => ({ type: of, value });

/** Each type with its values. */
export const cases: Readonly<Record<string, Case<unknown>>> = {
  string: one(type.string(), plainText(100)),
  flag: one(type.flag(), fc.boolean()),
  int: one(type.int({ min: -5, max: 70000 }), fc.integer({ min: -5, max: 70000 })),
  anyInt: one(type.int(), fc.maxSafeInteger()),
  size: one(type.size(), fc.oneof(fc.maxSafeNat(), fc.nat(4095).map((n) => n * 1024 ** 3))),
  duration: one(type.duration(), fc.oneof(fc.maxSafeNat(), fc.nat(9999).map((n) => n * 60_000))),
  offset: one(type.offset(), fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }), fc.integer({ min: -9999, max: 9999 }).map((n) => BigInt(n) * 60_000_000_000n))),
  rate: one(type.rate(), fc.oneof(fc.maxSafeNat().map((n) => Math.max(1, n)), fc.integer({ min: 1, max: 9999 }).map((n) => n * 1_000_000))),
  cpus: one(type.cpus(), fc.integer({ min: 1, max: 819200 }).map((n) => n / 100)),
  enum: one(type.enum(['strict', 'loose']), fc.constantFrom('strict', 'loose')),
  path: one(type.path(), fc.array(plainText(12).map((text) => text.replaceAll('/', '_')).filter((text) => !['', '.', '..'].includes(text)), { maxLength: 6 }).map((parts) => `/${parts.join('/')}`)),
  ifname: one(type.ifname(), ifname),
  image: one(type.image(), fc.array(segment, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('.'))),
  address: one(type.address(), address),
  cidr: one(type.cidr(), cidr),
  network: one(type.network(), network),
  mac: one(type.mac(), fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':'))),
  portMap: one(type.portMap(), portMap),
  map: one(type.map(type.ifname(), type.cidr()), fc.record({ key: ifname, value: cidr })),
  or: one(type.or(type.enum(['default']), type.network()), fc.oneof(fc.constant('default' as const), network)),
  optional: one(type.optional(type.int()), fc.option(fc.maxSafeInteger())),
};

/** Text that is nearly right for one type or another. */
export const nearText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.stringMatching(/^[0-9a-f:./,=[\]%kmgt-]{0,40}$/),
  fc.constantFrom(...Object.values(cases).flatMap(({ type: each }) => each.candidates ?? []), '1e3', '0x10', '١٢', 'NaN', 'Infinity', '__proto__', '1'.repeat(400), '999999999999t', '0.1ms', '-0s', '+1.5us', '0.1ns', '--1s', '[::1]:1:1/sctp'),
);
