import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { NetlinkEvent } from '../src/index.ts';
import { fdCount, missingRight, Netns } from './netns.ts';

const missing = missingRight();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** Two ends of a veth, up, with addresses that are there at once. */
function lab(): Netns {
  const ns = new Netns();
  ns.nl.linkSet('lo', { up: true });
  ns.nl.linkAdd({ kind: 'veth', name: 'a', up: true, peer: { name: 'b', up: true } });
  ns.nl.addrAdd({ dev: 'a', address: '10.0.0.2/24' });
  ns.nl.addrAdd({ dev: 'a', address: '2001:db8::2/64', flags: ['nodad'] });
  return ns;
}

const code = (fn: () => unknown): unknown => {
  try {
    fn();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return undefined;
};

describe.skipIf(missing !== undefined)('addresses, routes, neighbours and rules on the real kernel', () => {
  it('addresses are what ip -j addr shows, and can be given back', () => {
    using ns = lab();
    const { nl } = ns;
    nl.addrAdd({ dev: 'a', address: '10.0.1.1/32', peer: '10.0.1.9', label: 'a:ptp', scope: 'link', flags: ['noprefixroute'], metric: 7 });
    nl.addrAdd({ dev: 'b', address: '10.0.2.1/24', broadcast: 'auto', validLifetime: 1000, preferredLifetime: 500 });
    nl.addrAdd({ dev: 'b', address: '2001:db8:1::1/64', flags: ['nodad', 'home', 'noprefixroute'], validLifetime: 900, preferredLifetime: 100 });
    const theirs = ns.json('ip', '-j', 'addr').flatMap((link) => {
      const list = link['addr_info'];
      return Array.isArray(list) ? list.map((a: Record<string, unknown>) => ({ ...a, index: link['ifindex'] })) : [];
    });
    const ours = nl.addrList().map((a) => ({
      index: a.dev, family: a.family, local: a.address.split('/')[0], prefixlen: Number(a.address.split('/')[1]), scope: a.scope,
      ...(a.peer !== undefined && { address: a.peer }), ...(a.broadcast !== undefined && { broadcast: a.broadcast }), ...(a.label !== undefined && { label: a.label }),
      ...(a.metric !== undefined && a.metric !== 0 && { metric: a.metric }),
    }));
    const key = (a: Record<string, unknown>): string => `${String(a['index'])} ${String(a['local'])}`;
    expect(ours.length).toBe(theirs.length);
    for (const mine of ours) expect(theirs.find((t) => key(t) === key(mine))).toMatchObject(mine);
    expect(nl.addrList({ dev: 'b', family: 'inet' })[0]).toMatchObject({ broadcast: '10.0.2.255', validLifetime: 1000, preferredLifetime: 500 });
    const before = nl.addrList({ dev: 'a' }).filter((a) => a.scope !== 'link' || a.family === 'inet');
    expect(nl.addrFlush({ dev: 'a' })).toBeGreaterThanOrEqual(3);
    expect(nl.addrList({ dev: 'a' })).toEqual([]);
    for (const a of before) nl.addrAdd({ ...a, flags: [...a.flags, 'nodad'] });
    expect(nl.addrList({ dev: 'a' })).toEqual(before.map((a) => (a.family === 'inet6' ? { ...a, flags: expect.arrayContaining([...a.flags]) } : { ...a, flags: expect.anything() })));
    nl.addrReplace({ dev: 'b', address: '10.0.2.1/24', validLifetime: 'forever' });
    expect(nl.addrList({ dev: 'b', family: 'inet' })[0]).toMatchObject({ validLifetime: 'forever', flags: ['permanent'] });
    expect(code(() => nl.addrAdd({ dev: 'a', address: '10.0.0.2/24' }))).toBe('EEXIST');
    expect(code(() => nl.addrDel({ dev: 'a', address: '10.9.9.9/24' }))).toBe('EADDRNOTAVAIL');
    expect(code(() => nl.addrAdd({ dev: 'a', address: '10.0.0.999' }))).toBe('EINVAL');
  });

  it('routes are what ip -j route shows, and can be given back', () => {
    using ns = lab();
    const { nl } = ns;
    nl.addrAdd({ dev: 'b', address: '10.0.5.2/24' });
    nl.routeAdd({ dst: 'default', gateway: '10.0.0.1', metric: 50, protocol: 'static', mtu: 1300, metrics: { advmss: 1200, initcwnd: 4 } });
    nl.routeAdd({ dst: 'default', gateway: '2001:db8::1', pref: 'high' });
    nl.routeAdd({ dst: '10.7.0.0/16', dev: 'a', prefsrc: '10.0.0.2', table: 1000 });
    nl.routeAdd({ dst: '10.8.0.0/16', gateway: 'fe80::1', dev: 'a' });
    nl.routeAdd({ dst: '10.9.0.0/16', type: 'blackhole' });
    nl.routeAdd({ dst: '10.10.0.0/16', multipath: [{ gateway: '10.0.0.7', weight: 3 }, { gateway: '10.0.5.7', dev: 'b' }] });
    nl.routeAdd({ dst: '10.11.0.0/16', gateway: '172.31.0.1', dev: 'a', onlink: true });
    nl.routeAdd({ dst: '2001:db8:9::/48', type: 'unreachable', metric: 9 });
    nl.routeAdd({ dst: '2001:db8:a::/48', dev: 'a', expires: 1000 });
    const names = new Map(nl.linkList().map((l) => [l.index, l.name]));
    const key = (r: Record<string, unknown>): string => `${String(r['dst'])} ${String(r['dev'])} ${String(r['gateway'] ?? '')}`;
    for (const family of ['inet', 'inet6'] as const) {
      const theirs = ns.json('ip', family === 'inet' ? '-4' : '-6', '-d', '-j', 'route', 'show', 'table', 'all');
      const ours = nl.routeList({ family });
      expect(ours.length).toBe(theirs.length);
      const mine = ours.map((r) => ({ dst: r.dst.replace(/\/(32|128)$/, ''), dev: r.dev === undefined ? undefined : names.get(r.dev), gateway: r.gateway, metric: r.metric, type: r.type, protocol: r.protocol, prefsrc: r.prefsrc }));
      const other = theirs.map((r) => {
        const via = r['via'];
        const gateway = r['gateway'] ?? (typeof via === 'object' && via !== null && 'host' in via ? via.host : undefined);
        return { dst: r['dst'], dev: r['dev'], gateway, metric: r['metric'], type: r['type'], protocol: r['protocol'], prefsrc: r['prefsrc'] };
      });
      // ip(8) fills in the device where the kernel gives none for a route that goes nowhere.
      expect(mine.sort((x, y) => key(x).localeCompare(key(y)))).toEqual(other.sort((x, y) => key(x).localeCompare(key(y))));
    }
    const [first] = nl.routeList({ table: 254, protocol: 'static' });
    expect(first).toMatchObject({ dst: 'default', gateway: '10.0.0.1', metric: 50, mtu: 1300, metrics: { advmss: 1200, initcwnd: 4 } });
    expect(nl.routeList({ table: 1000 })).toMatchObject([{ dst: '10.7.0.0/16', prefsrc: '10.0.0.2', scope: 'link' }]);
    expect(nl.routeList({ table: 4711 })).toEqual([]);
    expect(nl.routeList({ family: 'inet' }).find((r) => r.multipath)?.multipath).toMatchObject([{ gateway: '10.0.0.7', weight: 3 }, { gateway: '10.0.5.7', weight: 1 }]);
    expect(nl.routeList({ dev: 'a' }).some((r) => r.onlink === true)).toBe(true);
    const set = nl.routeList().filter((r) => r.protocol !== 'kernel');
    expect(set.length).toBe(9);
    for (const route of set) nl.routeDel(route);
    expect(nl.routeList().filter((r) => r.protocol !== 'kernel')).toEqual([]);
    for (const route of set) nl.routeAdd(route);
    const order = (r: { dst: string; family: string }): string => `${r.family}${r.dst}`;
    const again = nl.routeList().filter((r) => r.protocol !== 'kernel');
    expect(again.map((r) => ({ ...r, expires: r.expires && 1000 })).sort((x, y) => order(x).localeCompare(order(y)))).toEqual(
      set.map((r) => ({ ...r, expires: r.expires && 1000 })).sort((x, y) => order(x).localeCompare(order(y))),
    );
    expect(code(() => nl.routeAdd({ dst: '10.99.0.0/16', gateway: '192.0.2.1' }))).toBe('ENETUNREACH');
    expect(code(() => nl.routeDel({ dst: '10.99.0.0/16' }))).toBe('ESRCH');
    nl.routeReplace({ dst: '10.9.0.0/16', dev: 'b' });
    expect(nl.routeList({ dev: 'b' }).some((r) => r.dst === '10.9.0.0/16')).toBe(true);
  });

  it('neighbours and rules are what ip -j shows', () => {
    using ns = lab();
    const { nl } = ns;
    nl.neighAdd({ dev: 'a', address: '10.0.0.9', lladdr: '02:00:00:00:00:99' });
    nl.neighAdd({ dev: 'a', address: '2001:db8::9', lladdr: '02:00:00:00:00:98', state: 'stale', flags: ['router'] });
    nl.neighAdd({ dev: 'a', address: '10.0.0.77', flags: ['proxy'] });
    const theirs = ns.json('ip', '-j', 'neigh', 'show', 'dev', 'a');
    const shown = nl.neighList({ dev: 'a' }).filter((n) => n.state !== 'noarp' && n.state !== 'none');
    expect(shown.map((n) => ({ dst: n.address, lladdr: n.lladdr, state: [n.state.toUpperCase()], ...(n.flags.includes('router') && { router: null }) })).sort((x, y) => x.dst.localeCompare(y.dst)))
      .toEqual(theirs.sort((x, y) => String(x['dst']).localeCompare(String(y['dst']))));
    expect(nl.neighList({ proxy: true, family: 'inet' })).toMatchObject([{ address: '10.0.0.77', flags: ['proxy'] }]);
    nl.neighDel({ dev: 'a', address: '10.0.0.9' });
    expect(nl.neighList({ dev: 'a', family: 'inet' }).some((n) => n.address === '10.0.0.9' && n.state === 'permanent')).toBe(false);

    nl.ruleAdd({ priority: 100, from: '10.0.0.0/8', iif: 'a', table: 1000, fwmark: 3, fwmask: 0xff });
    nl.ruleAdd({ priority: 101, family: 'inet6', ipproto: 6, dport: [80, 90], uidrange: [5, 10], action: 'unreachable' });
    nl.ruleAdd({ priority: 102, to: '10.1.2.3/32', invert: true, suppressPrefixLength: 0, table: 7 });
    for (const family of ['inet', 'inet6'] as const) {
      const rules = nl.ruleList(family);
      const listed = ns.json('ip', family === 'inet' ? '-4' : '-6', '-j', 'rule');
      expect(rules.map((r) => r.priority)).toEqual(listed.map((r) => r['priority']));
    }
    const text = ns.sh('ip', 'rule');
    expect(text).toContain('100:\tfrom 10.0.0.0/8 fwmark 0x3/0xff iif a lookup 1000');
    expect(text).toContain('102:\tnot from all to 10.1.2.3 lookup 7 suppress_prefixlength 0');
    expect(ns.sh('ip', '-6', 'rule')).toMatch(/101:\tfrom all ipproto tcp dport 80-90 uidrange 5-10 unreachable|101:.*unreachable/);
    const made = nl.ruleList().filter((r) => r.priority >= 100 && r.priority <= 102);
    expect(made.length).toBe(3);
    for (const rule of made) nl.ruleDel(rule);
    expect(nl.ruleList().filter((r) => r.priority >= 100 && r.priority <= 102)).toEqual([]);
    for (const rule of made) nl.ruleAdd(rule);
    expect(nl.ruleList().filter((r) => r.priority >= 100 && r.priority <= 102)).toEqual(made);
    expect(code(() => nl.ruleAdd(made[0] ?? {}))).toBe('EEXIST');
  });

  it('queueing disciplines are what tc -j shows, and come back from raw options', () => {
    using ns = lab();
    const { nl } = ns;
    nl.qdiscReplace({ dev: 'a', kind: 'tbf', handle: '5:', tbf: { rate: 125_000, burst: 15_000, limit: 30_000 } });
    const [shown] = ns.json('tc', '-j', 'qdisc', 'show', 'dev', 'a');
    expect(shown).toMatchObject({ kind: 'tbf', handle: '5:', options: { rate: 125_000 } });
    const [ours] = nl.qdiscList('a');
    expect(ours).toMatchObject({ kind: 'tbf', handle: '5:', parent: 'root', tbf: { rate: 125_000, burst: 15_000, limit: 30_000 } });
    nl.qdiscDel({ dev: 'a' });
    expect(nl.qdiscList('a')).toMatchObject([{ handle: 'none' }]);
    if (ours !== undefined) nl.qdiscAdd(ours);
    expect(ns.json('tc', '-j', 'qdisc', 'show', 'dev', 'a')).toEqual([shown]);
    nl.qdiscReplace({ dev: 'a', kind: 'tbf', tbf: { rate: 6e9, burst: 100_000, latency: 50 } });
    expect(nl.qdiscList('a')[0]?.tbf?.rate).toBe(6e9);
    expect(code(() => nl.qdiscAdd({ dev: 'a', kind: 'no-such-kind' }))).toBe('ENOENT');
    nl.qdiscDel({ dev: 'a' });
    ns.sh('tc', 'qdisc', 'add', 'dev', 'b', 'root', 'handle', '9:', 'htb', 'default', '2');
    ns.sh('tc', 'class', 'add', 'dev', 'b', 'parent', '9:', 'classid', '9:2', 'htb', 'rate', '5mbit', 'ceil', '6mbit');
    const [qdisc] = nl.qdiscList('b');
    const [inner] = nl.classList('b');
    const classes = ns.sh('tc', 'class', 'show', 'dev', 'b');
    nl.qdiscDel({ dev: 'b' });
    if (qdisc !== undefined) nl.qdiscAdd(qdisc);
    if (inner !== undefined) nl.classAdd(inner);
    expect(ns.sh('tc', 'class', 'show', 'dev', 'b')).toBe(classes);
    nl.qdiscDel({ dev: 'b' });
    for (const kind of ['fq_codel', 'pfifo', 'sfq', 'htb', 'prio', 'netem']) {
      try {
        ns.sh('tc', 'qdisc', 'add', 'dev', 'b', 'root', 'handle', '9:', kind, ...(kind === 'netem' ? ['delay', '10ms'] : []));
      } catch {
        console.warn(`queueing discipline this kernel lacks: ${kind}`);
        continue;
      }
      // The kernel's own packets (router solicitations) count themselves.
      const shown = (): unknown => JSON.parse(JSON.stringify(ns.json('tc', '-j', 'qdisc', 'show', 'dev', 'b'), (key, value: unknown) => (key === 'direct_packets_stat' ? 0 : value)));
      const before = shown();
      const raw = nl.qdiscList('b').find((q) => q.handle === '9:');
      expect(raw?.kind).toBe(kind);
      nl.qdiscDel({ dev: 'b' });
      if (raw !== undefined) nl.qdiscAdd(raw);
      expect(shown()).toEqual(before);
      nl.qdiscDel({ dev: 'b' });
    }
  });

  it('sockets are what ss shows, and can be ended', async () => {
    using ns = lab();
    const script = `
      const net = require('node:net');
      const server = net.createServer((peer) => peer.on('error', () => {})).listen(0, '127.0.0.1', () => {
        const client = net.connect(server.address().port, '127.0.0.1', () => console.log(server.address().port));
        client.on('error', (error) => { console.log(error.code); process.exit(); });
      });
      require('node:dgram').createSocket('udp6').bind(9999, '::1');`;
    // A child, because Node binds and connects only later, when this thread is back in its own namespace.
    const child = ns.run(() => spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] }));
    const line = async (): Promise<string> => once(child.stdout, 'data').then(([data]) => String(data).trim());
    const port = Number(await line());
    const ours = ns.nl.inetSockets();
    const listed = ns.sh('ss', '-tuanHe').trim().split('\n');
    expect(ours.length).toBe(4);
    expect(listed.length).toBe(4);
    for (const socket of ours) {
      const address = socket.family === 'inet6' ? `[${socket.local.address}]` : socket.local.address;
      expect(listed.some((text) => text.includes(`${address}:${socket.local.port}`) && text.includes(`ino:${socket.inode}`))).toBe(true);
    }
    expect(ours.find((s) => s.protocol === 'udp')).toMatchObject({ family: 'inet6', local: { address: '::1', port: 9999 }, state: 'closed' });
    expect(ns.nl.inetSockets({ protocol: 'tcp', states: ['listening'] })).toMatchObject([{ local: { address: '127.0.0.1', port }, uid: 0 }]);
    const mine = ours.find((s) => s.state === 'established' && s.remote.port === port);
    if (mine === undefined) throw new Error('the connection is not listed');
    const ended = line();
    if (code(() => ns.nl.socketDestroy(mine)) === 'EOPNOTSUPP') console.warn('skipped: this kernel has no INET_DIAG_DESTROY');
    else {
      expect(await ended).toMatch(/ECONNABORTED|ECONNRESET/);
      expect(code(() => ns.nl.socketDestroy(mine))).toBe('ENOENT');
    }
    child.kill();
    await (child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined);
    for (const list of [() => ns.nl.unixSockets(), () => ns.nl.packetSockets(), () => ns.nl.netlinkSockets()]) {
      const found = code(list);
      if (found !== undefined) {
        expect(found).toBe('ENOENT');
        console.warn('a sock_diag family this kernel lacks');
      }
    }
    const path = createServer();
    ns.run(() => path.listen('\0vimage-netlink-test'));
    await once(path, 'listening');
    expect(ns.nl.unixSockets().some((s) => s.name?.startsWith('@vimage-netlink-test') === true)).toBe(true);
    await new Promise((resolve) => path.close(resolve));
  });

  it('batches do in order, go on after a failure and name each', () => {
    using ns = new Netns();
    const results = ns.nl.batch((ops) => {
      ops.linkAdd({ kind: 'bridge', name: 'br0', up: true });
      for (let i = 0; i < 200; i++) ops.linkAdd({ kind: 'veth', name: i === 150 ? 'v7' : `v${i}`, master: 'br0', up: true, peer: { name: `p${i}` } });
      ops.addrAdd({ dev: 'p3', address: '10.0.0.1/24' });
      ops.addrAdd({ dev: 'none', address: '10.0.0.1/24' });
      ops.linkSet('br0', { mtu: 1 });
      ops.linkAdd({ kind: 'bridge', name: 'way-too-long-a-name' });
    });
    expect(results.length).toBe(205);
    expect(results.map((r, i) => [i, r.error?.code] as const).filter(([, e]) => e !== undefined)).toEqual([[151, 'EEXIST'], [202, 'ENODEV'], [203, 'EINVAL'], [204, 'EINVAL']]);
    expect(results[151]).toMatchObject({ operation: 'link add', object: 'v7' });
    expect(ns.nl.linkList({ master: ns.nl.linkGet('br0').index }).length).toBe(199);
    expect(ns.nl.addrList({ dev: 'p3', family: 'inet' }).length).toBe(1);
  });

  it('undoes a pair whose second step failed', () => {
    using one = new Netns();
    using two = new Netns();
    one.nl.linkAdd({ kind: 'veth', name: 'x', peer: { name: 'y' } });
    const spec = { kind: 'veth', name: 'h', master: 'x', up: true, peer: { name: 'eth0', netns: two.fd, up: true } } as const;
    expect(code(() => one.nl.linkAdd(spec))).toBe('EOPNOTSUPP');
    expect(one.nl.batch((ops) => ops.linkAdd(spec))[0]?.error?.code).toBe('EOPNOTSUPP');
    expect(one.nl.linkList().map((l) => l.name).sort()).toEqual(['lo', 'x', 'y']);
    expect(two.nl.linkList().map((l) => l.name)).toEqual(['lo']);
  });
});

describe.skipIf(missing !== undefined)('operations of two steps in a batch', () => {
  it('leave alone what has the name already, and keep their order', () => {
    using one = new Netns();
    using two = new Netns();
    const { nl } = one;
    nl.linkAdd({ kind: 'bridge', name: 'br0', up: true });
    nl.linkAdd({ kind: 'veth', name: 'h1', peer: { name: 'mine' } });
    const results = nl.batch((ops) => {
      for (let i = 0; i < 3; i++) ops.linkAdd({ kind: 'veth', name: `h${i}`, master: 'br0', up: true, peer: { name: `eth${i}`, netns: two.fd, up: true } });
      ops.addrAdd({ dev: 'h0', address: '10.0.0.1/24' });
      ops.routeAdd({ dst: '10.1.0.0/16', gateway: '10.0.0.9' });
      ops.linkSet('h2', { name: 'h3', altnames: { add: ['other'] }, bridgePort: { hairpin: true } });
      ops.linkSet('h0', { mtu: 1300, altnames: { add: ['other'] } });
    });
    expect(results.map((r) => r.error?.code)).toEqual([undefined, 'EEXIST', undefined, undefined, undefined, undefined, 'EEXIST']);
    expect(nl.linkGet('h1')).toMatchObject({ up: false, link: nl.linkGet('mine').index });
    expect(nl.linkGet('h1').master).toBeUndefined();
    expect(nl.linkGet('h0')).toMatchObject({ up: true, master: nl.linkGet('br0').index, mtu: 1500 });
    expect(nl.linkGet('other')).toMatchObject({ name: 'h3', bridgePort: { hairpin: true } });
    expect(two.nl.linkList().map((l) => [l.name, l.up])).toEqual([['lo', false], ['eth0', true], ['eth2', true]]);
  });
});

describe.skipIf(missing !== undefined)('events', () => {
  it('arrive on the event loop and end with close', async () => {
    using ns = new Netns();
    const before = fdCount();
    const stream = ns.nl.events(['link', 'addr', 'route']);
    const seen: NetlinkEvent[] = [];
    ns.nl.linkAdd({ kind: 'veth', name: 'a', up: true, peer: { name: 'b', up: true } });
    ns.nl.addrAdd({ dev: 'a', address: '10.0.0.1/24' });
    for await (const event of stream) {
      seen.push(event);
      if (event.type === 'route' && event.route.dst === '10.0.0.0/24') break;
    }
    expect(seen.some((e) => e.type === 'link' && e.action === 'new' && e.link.name === 'b')).toBe(true);
    expect(seen.some((e) => e.type === 'addr' && e.addr.address === '10.0.0.1/24')).toBe(true);
    const called = new Promise<NetlinkEvent>((resolve) => {
      const other = ns.nl.events(['link'], (event) => {
        if (event.type !== 'link' || event.action !== 'del') return;
        other.close();
        resolve(event);
      });
    });
    ns.nl.linkDel('a');
    expect(await called).toMatchObject({ type: 'link', action: 'del' });
    stream.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(fdCount()).toBeLessThanOrEqual(before + 1);
  });

  it('that were lost are told as resync', async () => {
    using ns = new Netns(2304);
    using stream = ns.nl.events(['link']);
    for (let i = 0; i < 50; i++) ns.nl.linkAdd({ kind: 'veth', name: `v${i}`, peer: { name: `p${i}` } });
    for await (const event of stream) if (event.type === 'resync') break;
  });
});
