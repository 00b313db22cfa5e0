import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addrAdd, readAddr } from '../src/addr.ts';
import type { AddrSpec, RouteSpec, RuleSpec } from '../src/index.ts';
import { formatAddress, NetlinkError } from '../src/index.ts';
import { neighAdd, readNeigh } from '../src/neigh.ts';
import { formatHandle, parseHandle, qdiscAdd, readQdisc } from '../src/qdisc.ts';
import type { Resolver } from '../src/resolve.ts';
import { readRoute } from '../src/route/read.ts';
import { routeAdd } from '../src/route/write.ts';
import { readRule, ruleAdd } from '../src/rule.ts';
import { genlBody, readFamily, readGenl } from '../src/wireless/genl.ts';
import { mergeWiphys, readInterface, readWiphy, setWiphyNetnsBody } from '../src/wireless/nl80211.ts';

// A request to make a thing has the form in which the kernel later tells of it: what is written can be read back.

const resolver: Resolver = { index: (link) => (typeof link === 'number' ? link : 1) };
const u = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: 2 ** bits - 1 });
const v4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(formatAddress);
const v6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(formatAddress);
const dev = fc.integer({ min: 1, max: 0x7fffffff });
const partial = { requiredKeys: [] as never[] };
/** Bytes as a value, to compare. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('what is written reads back', () => {
  it('addresses', () => {
    const life = fc.oneof(fc.integer({ min: 0, max: 0xfffffffe }), fc.constant('forever' as const));
    const four = fc.record({ address: fc.tuple(v4, fc.integer({ min: 0, max: 32 })).map(([a, n]) => `${a}/${n}`), broadcast: v4, peer: v4, label: fc.constantFrom('eth0', 'eth0:1') });
    const six = fc.record({ address: fc.tuple(v6, fc.integer({ min: 0, max: 128 })).map(([a, n]) => `${a}/${n}`), peer: v6 });
    const common = fc.record({ dev, scope: fc.constantFrom('global', 'link', 'host', 'site', '77'), validLifetime: life, preferredLifetime: life, metric: u(32), protocol: u(8) });
    const flags = fc.subarray(['nodad', 'home', 'noprefixroute', 'autojoin', 'managetempaddr']);
    fc.assert(fc.property(fc.oneof(four, six), common, flags, (address, rest, names) => {
      const spec: AddrSpec = { ...address, ...rest, flags: names };
      const read = readAddr(addrAdd(resolver, spec).body);
      if (read?.peer === undefined) expect(spec.peer).toBe(spec.address.split('/')[0]);
      expect({ ...read, peer: spec.peer, flags: [...(read?.flags ?? [])].sort() }).toEqual({ ...spec, family: read?.family, flags: [...names].sort() });
    }));
  });

  it('routes', () => {
    const hop = fc.record({ dev, gateway: fc.oneof(v4, v6), weight: fc.integer({ min: 1, max: 256 }), onlink: fc.constant(true as const) }, { requiredKeys: ['weight'] });
    const metrics = fc.record({ advmss: u(32), hoplimit: u(8), initcwnd: u(16), quickack: u(1), lock: u(16) }, { ...partial }).filter((m) => Object.keys(m).length > 0);
    const route = fc.record({
      dst: fc.oneof(fc.constant('default'), fc.tuple(v4, fc.integer({ min: 1, max: 32 })).map(([a, n]) => `${a}/${n}`)),
      gateway: fc.oneof(v4, v6), dev, prefsrc: v4, metric: u(32), table: u(32), scope: fc.constantFrom('global', 'link', 'host'),
      type: fc.constantFrom('unicast', 'blackhole', 'local'), protocol: fc.constantFrom('static', 'dhcp', 'kernel', '77'), tos: u(8), onlink: fc.constant(true as const),
      mtu: u(16), metrics, multipath: fc.array(hop, { minLength: 1, maxLength: 5 }), realms: u(32), congctl: fc.constant('cubic'),
      other: fc.constant([{ type: 22, bytes: Uint8Array.of(1, 2, 3) }]),
    }, { requiredKeys: ['dst', 'table', 'scope', 'type', 'protocol'] });
    fc.assert(fc.property(route, (some) => {
      const spec: RouteSpec = { ...some, family: 'inet' };
      expect(plain(readRoute(routeAdd(resolver, spec).body))).toEqual(plain(spec));
    }));
  });

  it('neighbours', () => {
    const neigh = fc.record({ dev, address: fc.oneof(v4, v6), lladdr: fc.constant('02:00:00:00:00:01'), state: fc.constantFrom('permanent', 'stale', 'noarp', 'none'), protocol: u(8), flags: fc.subarray(['router', 'proxy', 'extern_learn', 'use']) });
    fc.assert(fc.property(neigh, (spec) => {
      const read = readNeigh(neighAdd(resolver, spec).body);
      expect({ ...read, flags: [...(read?.flags ?? [])].sort() }).toEqual({ ...spec, family: read?.family, flags: [...spec.flags].sort() });
    }));
  });

  it('rules', () => {
    const range = fc.tuple(u(16), u(16));
    const rule = fc.record({
      priority: u(32), from: fc.tuple(v4, fc.integer({ min: 1, max: 32 })).map(([a, n]) => `${a}/${n}`), to: v4.map((a) => `${a}/32`), iif: fc.constant('eth0'), oif: fc.constant('eth1'),
      fwmark: u(32), fwmask: u(32), tos: u(8), ipproto: u(8), sport: range, dport: range, uidrange: fc.tuple(u(32), u(32)), invert: fc.constant(true as const),
      action: fc.constantFrom('table', 'goto', 'blackhole', 'unreachable'), table: u(32), goto: u(32), suppressPrefixLength: u(7), suppressGroup: u(16), protocol: fc.constantFrom('static', 'boot', '200'),
    }, { requiredKeys: ['priority', 'action', 'table', 'protocol'] });
    fc.assert(fc.property(rule, (some) => {
      const spec: RuleSpec = { ...some, family: 'inet' };
      expect(readRule(ruleAdd(spec).body)).toEqual(spec);
    }));
  });

  it('token buckets and raw queueing disciplines', () => {
    const tbf = fc.record({ rate: fc.integer({ min: 1000, max: 1e11 }), burst: fc.integer({ min: 1, max: 1e6 }), limit: u(31) });
    fc.assert(fc.property(tbf, dev, u(16), (settings, index, major) => {
      const handle = `${major.toString(16)}:`;
      const read = readQdisc(qdiscAdd(resolver, { dev: index, kind: 'tbf', handle, tbf: settings }).body);
      expect(read).toMatchObject({ dev: index, kind: 'tbf', handle, parent: 'root', tbf: { rate: settings.rate, limit: settings.limit } });
      // A tick is 64 ns, and a 32-bit count of them ends after 274 s.
      const most = (0xffffffff * 64 * settings.rate) / 1e9;
      expect(Math.abs((read.tbf?.burst ?? 0) - Math.min(settings.burst, most))).toBeLessThanOrEqual(1 + (64 * settings.rate) / 1e9);
      const again = readQdisc(qdiscAdd(resolver, { dev: index, kind: 'tbf', parent: read.parent, handle, ...(read.options && { options: read.options }) }).body);
      expect(again).toEqual(read);
    }));
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (handle) => {
      expect(parseHandle(formatHandle(handle))).toBe(handle);
    }));
    expect(() => qdiscAdd(resolver, { dev: 1, kind: 'tbf', tbf: { rate: 0, burst: 1, limit: 1 } })).toThrow(NetlinkError);
  });

  it('wireless messages', () => {
    const part = genlBody(3, 1, (w) => w.attrU32(1, 4).attrString(2, 'phy4').nest(32, (n) => n.attrFlag(2).attrFlag(3)));
    const rest = genlBody(3, 1, (w) => w.attrU32(1, 4).nest(50, (n) => n.attrU32(1, 5).attrU32(2, 49)));
    expect(mergeWiphys([readWiphy(part), readWiphy(rest)])).toEqual([{ wiphy: 4, name: 'phy4', iftypes: ['managed', 'AP'], commands: [5, 49], canSetNetns: true }]);
    const wlan = genlBody(7, 1, (w) => w.attrU32(1, 4).attrU32(3, 9).attrString(4, 'wlan0').attrU32(5, 2).attrBytes(6, Uint8Array.of(2, 0, 0, 0, 0, 7)).attrU64(153, 0x400000001));
    expect(readInterface(wlan)).toEqual({ wiphy: 4, index: 9, name: 'wlan0', iftype: 'managed', address: '02:00:00:00:00:07', wdev: '400000001' });
    const set = readGenl(setWiphyNetnsBody(4, { netns: 33 }));
    expect([set.command, set.attrs.u32(1), set.attrs.u32(219), set.attrs.u32(82)]).toEqual([49, 4, 33, undefined]);
    expect(readGenl(setWiphyNetnsBody(4, { pid: 33 })).attrs.u32(82)).toBe(33);
    const family = genlBody(1, 2, (w) => w.attrU16(1, 28).attrString(2, 'nl80211').attrU32(3, 1).nest(7, (n) => n.nest(1, (g) => g.attrString(1, 'mlme').attrU32(2, 6))));
    expect(readFamily(family)).toEqual({ id: 28, name: 'nl80211', version: 1, groups: { mlme: 6 } });
  });
});
