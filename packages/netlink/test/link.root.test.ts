import { describe, expect, it } from 'vitest';
import type { LinkSpec } from '../src/index.ts';
import { NetlinkError } from '../src/index.ts';
import { fdCount, missingRight, Netns } from './netns.ts';

const missing = missingRight();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

function errorOf(fn: () => unknown): NetlinkError {
  try {
    fn();
  } catch (error) {
    if (error instanceof NetlinkError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe.skipIf(missing !== undefined)('links on the real kernel', () => {
  it('makes every kind the kernel has, as ip -d -j sees it', () => {
    using ns = new Netns();
    const specs: LinkSpec[] = [
      { kind: 'veth', name: 'v0', mtu: 1400, address: '02:00:00:00:00:01', up: true, peer: { name: 'v1', mtu: 1400, address: '02:00:00:00:00:02', up: true } },
      { kind: 'bridge', name: 'br0', stp: true, forwardDelay: 400, ageingTime: 1000 },
      { kind: 'macvlan', name: 'mv0', link: 'v0', mode: 'bridge' },
      { kind: 'vlan', name: 'vl0', link: 'v0', id: 7 },
      { kind: 'vxlan', name: 'vx0', id: 42, link: 'v0', local: '10.0.0.1', remote: '10.0.0.2', dstport: 4790, learning: false },
      { kind: 'vxlan', name: 'vx6', id: 43, link: 'v0', remote: 'ff05::1' },
      { kind: 'ifb', name: 'ifb7', txqlen: 33 },
      { kind: 'dummy', name: 'd0' },
    ];
    const absent: string[] = [];
    for (const spec of specs) {
      try {
        ns.nl.linkAdd(spec);
      } catch (error) {
        if (!(error instanceof NetlinkError) || error.code !== 'EOPNOTSUPP' || error.kernel !== 'Unknown device type') throw error;
        absent.push(spec.kind);
      }
    }
    if (absent.length > 0) console.warn(`kinds this kernel lacks: ${absent.join(', ')}`);
    const theirs = ns.json('ip', '-d', '-j', 'link');
    const ours = ns.nl.linkList();
    expect(ours.map((l) => l.name).sort()).toEqual(theirs.map((l) => l['ifname']).sort());
    for (const link of ours) {
      const other = theirs.find((l) => l['ifindex'] === link.index) ?? {};
      expect(link).toMatchObject({ name: other['ifname'], mtu: other['mtu'], group: 0, operstate: String(other['operstate']).toLowerCase(), qdisc: other['qdisc'] });
      expect(link.address).toBe(other['address']);
      expect(link.txqlen).toBe(other['txqlen']);
      expect(link.up).toBe(JSON.stringify(other['flags']).includes('"UP"'));
      expect(link.kind).toBe(linkinfo(other)['info_kind']);
      if (link.loopback) expect(link.netnsImmutable).not.toBe(false);
    }
    expect(ns.nl.linkGet('v0')).toMatchObject({ kind: 'veth', mtu: 1400, link: ns.nl.linkGet('v1').index, type: 'ether' });
    const bridge = theirs.find((l) => l['ifname'] === 'br0') ?? {};
    expect(linkinfo(bridge)['info_data']).toMatchObject({ forward_delay: 400, stp_state: 1, ageing_time: 1000 });
    expect(ns.nl.linkGet('br0').data).toMatchObject({ kind: 'bridge', stp: true, forwardDelay: 400, ageingTime: 1000 });
    if (!absent.includes('vxlan')) {
      expect(ns.nl.linkGet('vx0').data).toMatchObject({ id: 42, local: '10.0.0.1', remote: '10.0.0.2', dstport: 4790, learning: false });
      const vx = theirs.find((l) => l['ifname'] === 'vx0') ?? {};
      expect(linkinfo(vx)['info_data']).toMatchObject({ id: 42, local: '10.0.0.1', remote: '10.0.0.2', port: 4790, learning: false });
      expect(ns.nl.linkGet('vx6').data).toMatchObject({ id: 43, remote: 'ff05::1', dstport: 4789 });
    }
    if (!absent.includes('macvlan')) expect(ns.nl.linkGet('mv0')).toMatchObject({ data: { kind: 'macvlan', mode: 'bridge' }, link: ns.nl.linkGet('v0').index });
    if (!absent.includes('vlan')) expect(ns.nl.linkGet('vl0').data).toMatchObject({ kind: 'vlan', id: 7, protocol: '802.1q' });
  });

  it('describes a tap that another made', () => {
    using ns = new Netns();
    try {
      ns.sh('ip', 'tuntap', 'add', 'tap0', 'mode', 'tap', 'user', '65534');
    } catch {
      console.warn('skipped: /dev/net/tun is not usable here');
      return;
    }
    expect(ns.nl.linkGet('tap0')).toMatchObject({ kind: 'tun', data: { kind: 'tun', mode: 'tap', owner: 65534, persist: true } });
  });

  it('changes, renames, aliases, enslaves and removes', () => {
    using ns = new Netns();
    const { nl } = ns;
    nl.linkAdd({ kind: 'bridge', name: 'br0' });
    nl.linkAdd({ kind: 'veth', name: 'a', peer: { name: 'b' } });
    nl.linkSet('a', {
      up: true, mtu: 1300, address: '02:00:00:00:00:09', master: 'br0', alias: 'über', group: 5, txqlen: 77, name: 'a2', promisc: true,
      altnames: { add: ['uplink', 'a-name-longer-than-fifteen-bytes'] }, addrGenMode: 'none', bridgePort: { hairpin: true, isolated: true, cost: 9 },
    });
    const a = nl.linkGet('a-name-longer-than-fifteen-bytes');
    expect(a).toMatchObject({
      name: 'a2', mtu: 1300, address: '02:00:00:00:00:09', master: nl.linkGet('br0').index, alias: 'über', group: 5, txqlen: 77, up: true,
      altnames: ['uplink', 'a-name-longer-than-fifteen-bytes'], addrGenMode: 'none', slaveKind: 'bridge', bridgePort: { hairpin: true, isolated: true, cost: 9 },
    });
    const [other] = ns.json('ip', '-d', '-j', 'link', 'show', 'a2');
    expect(other).toMatchObject({ ifalias: 'über', master: 'br0', altnames: ['uplink', 'a-name-longer-than-fifteen-bytes'], inet6_addr_gen_mode: 'none', txqlen: 77 });
    expect(nl.linkList({ master: nl.linkGet('br0').index }).map((l) => l.name)).toEqual(['a2']);
    nl.linkSet('uplink', { master: null, altnames: { del: ['a-name-longer-than-fifteen-bytes'] }, up: false, alias: '' });
    expect(nl.linkGet('a2')).toMatchObject({ altnames: ['uplink'], up: false });
    expect(nl.linkGet('a2').master).toBeUndefined();
    nl.linkSet('br0', { bridge: { stp: true, priority: 4096 } });
    expect(nl.linkGet('br0').data).toMatchObject({ stp: true, priority: 4096 });
    nl.linkDel('a2');
    expect(nl.linkFind('b')).toBeUndefined();
  });

  it('makes and moves across namespaces, with ids', () => {
    using one = new Netns();
    using two = new Netns();
    expect(one.nl.nsidOf(two.fd)).toBeUndefined();
    one.nl.linkAdd({ kind: 'veth', name: 'h0', peer: { name: 'eth0', netns: two.fd, up: true, address: '02:00:00:00:00:05' }, up: true });
    const nsid = one.nl.nsidOf(two.fd);
    expect(one.nl.linkGet('h0').linkNetnsid).toBe(nsid);
    expect(two.nl.linkGet('eth0')).toMatchObject({ up: true, running: true, address: '02:00:00:00:00:05' });
    expect(one.nl.linkList(nsid === undefined ? {} : { nsid }).map((l) => l.name)).toEqual(['lo', 'eth0']);
    one.nl.linkSet('h0', { netns: two.fd, name: 'moved' });
    expect(one.nl.linkList().map((l) => l.name)).toEqual(['lo']);
    expect(two.nl.linkGet('moved').link).toBe(two.nl.linkGet('eth0').index);
    const fresh = new Netns();
    one.nl.nsidSet(fresh.fd, 321);
    expect(one.nl.nsidOf(fresh.fd)).toBe(321);
    fresh[Symbol.dispose]();
  });

  it('reports the kernel and the object in errors', () => {
    using ns = new Netns();
    ns.nl.linkAdd({ kind: 'bridge', name: 'br0' });
    expect(errorOf(() => ns.nl.linkAdd({ kind: 'bridge', name: 'br0' }))).toMatchObject({ code: 'EEXIST', errno: 17, operation: 'link add', object: 'br0' });
    expect(errorOf(() => ns.nl.linkGet('nope'))).toMatchObject({ code: 'ENODEV', object: 'nope' });
    const mtu = errorOf(() => ns.nl.linkSet('br0', { mtu: 1 }));
    expect(mtu.code).toBe('EINVAL');
    expect(mtu.kernel).toMatch(/mtu/);
    expect(mtu.message).toBe(`link set br0: ${mtu.kernel} (EINVAL)`);
    expect(errorOf(() => ns.nl.linkDel('lo')).code).toBe('EOPNOTSUPP');
    for (const name of ['', 'x'.repeat(16), 'a\0b', 'a b', 'a/b', '..', 'é'.repeat(8)]) {
      expect(errorOf(() => ns.nl.linkAdd({ kind: 'bridge', name })).code).toBe('EINVAL');
    }
    expect(errorOf(() => ns.nl.linkAdd({ kind: 'bridge', name: 'x', address: '02:00' })).code).toBe('EINVAL');
    expect(errorOf(() => ns.nl.linkSet('br0', { mtu: -1 })).code).toBe('EINVAL');
    expect(errorOf(() => ns.nl.linkSet('br0', { alias: 'x'.repeat(70000) })).code).toBe('EINVAL');
    expect(ns.nl.linkList().map((l) => l.name)).toEqual(['lo', 'br0']);
  });

  it('leaves no descriptor behind', () => {
    const before = fdCount();
    for (let i = 0; i < 20; i++) {
      using ns = new Netns();
      ns.nl.linkList();
      ns.nl.inetSockets({ protocol: 'tcp' });
    }
    expect(fdCount()).toBe(before);
  });
});

function linkinfo(link: Record<string, unknown>): Record<string, unknown> {
  const info = link['linkinfo'];
  return typeof info === 'object' && info !== null ? { ...info } : {};
}
