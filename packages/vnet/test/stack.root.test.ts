import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imgexecPath, linuxOf } from '@vimage/linux';
import { refusal } from '../../linux/test/ran.ts';
import { lab, type Lab } from './lab.ts';

let at: Lab;
beforeAll(async () => {
  at = await lab();
});
afterAll(() => at.close());

const live = (child: string, ...command: string[]): string => execFileSync(imgexecPath(), [at.name(child), '--', ...command], { encoding: 'utf8' });

describe('set', () => {
  test('changes what differs and leaves the rest', async () => {
    await at.net('s', 'veth', 'eth0=parent:s0,eth1=parent:s1', 'addr', 'eth0=10.30.0.2/24,eth1=10.31.0.2/24,eth0=fd30::2/64', 'route', 'default=10.30.0.1,10.40.0.0/16=10.31.0.1');
    const index = (dev: string): unknown => at.ip('s', 'link', 'show', 'dev', dev)[0]?.['ifindex'];
    const before = [index('eth0'), index('eth1')];
    await at.set('s', 'addr', 'eth0=10.30.0.3/24,eth1=10.31.0.2/24,eth0=fd30::2/64', 'route', 'default=10.30.0.1,10.40.0.0/16=10.31.0.9', 'mtu', 'eth1=1300', 'mac', 'eth1=02:00:00:00:31:02');
    expect([index('eth0'), index('eth1')]).toEqual(before);
    expect(at.ip('', 'link', 'show', 'dev', 's1')[0]).toMatchObject({ mtu: 1300 });
    expect(at.ip('s', 'link', 'show', 'dev', 'eth1')[0]).toMatchObject({ mtu: 1300, address: '02:00:00:00:31:02' });
    expect(at.ip('s', 'route').filter((r) => r['gateway'] !== undefined).map((r) => `${String(r['dst'])} ${String(r['gateway'])}`).sort()).toEqual(['10.40.0.0/16 10.31.0.9', 'default 10.30.0.1']);
    await at.set('s', 'down', 'eth0');
    expect(at.ip('s', 'route', 'show', 'default')).toEqual([]);
    await at.set('s', 'down', '');
    expect(at.ip('s', 'route', 'show', 'default')).toMatchObject([{ gateway: '10.30.0.1' }]);
    expect(at.on('s', 'ip', '-6', 'addr', 'show', 'dev', 'eth0')).toContain('fd30::2/64');
    expect((await at.set('s', 'mtu', '')).notes).toEqual(['mtu of "eth1" stays as it is until it is set again']);
    await at.destroy('s');
  });

  test('a change that fails is undone, also what it took away', async () => {
    await at.net('u', 'veth', 'eth0=parent:u0,eth1=parent:u1', 'addr', 'eth0=10.32.0.2/24,eth1=10.33.0.2/24', 'route', 'default=10.32.0.1', 'rate', 'eth1=10mbit', 'bridge', 'br0');
    const look = (): string[] => [...at.on('u', 'sh', '-c', 'ip -o addr; ip route; tc qdisc show | sed "s/tbf [0-9a-f]*:/tbf/"; ip -o link').split('\n').filter((line) => !line.includes('fe80')).map((line) => line.replaceAll(/state \w+|link-netnsid \d+|@if\d+|tentative|,?LOWER_UP|NO-CARRIER,|linkdown|valid_lft.*/g, '').trim())].sort();
    const before = look();
    const pairs = await at.kernel.get(at.name('u'));
    at.on('', 'ip', 'link', 'add', 'u8', 'type', 'bridge');
    const error = await refusal(at.set('u', 'veth', 'eth0=parent:u9,eth2=parent:u8', 'addr', 'eth0=10.34.0.2/24', 'route', 'default=10.34.0.1', 'rate', '', 'bridge', 'br1=eth2'));
    expect(error).toMatchObject({ code: 'EEXIST' });
    at.on('', 'ip', 'link', 'del', 'u8');
    expect(look()).toEqual(before);
    expect(await at.kernel.get(at.name('u'))).toEqual(pairs);
    expect(await refusal(at.set('u', 'sysctl', 'net.ipv4.ip_forward=1', 'sysctl', 'net.ipv4.tcp_ecn=99', 'addr', 'eth0=10.35.0.2/24', 'route', ''))).toMatchObject({ code: 'EINVAL', subject: 'net.ipv4.tcp_ecn' });
    expect(look()).toEqual(before);
    expect(at.on('u', 'sysctl', '-n', 'net.ipv4.ip_forward')).toBe('0\n');
    await at.destroy('u');
  });
});

describe('refused before anything is done', () => {
  const cases: readonly [string, readonly string[], object][] = [
    ['a name of 16 bytes', ['veth', 'eth0123456789012=parent'], { code: 'ENAMETOOLONG' }],
    ['a bad mac', ['veth', 'eth0=parent', 'mac', 'eth0=02:00:5e:10:00'], { code: 'EINVAL' }],
    ['a group mac', ['veth', 'eth0=parent', 'mac', 'eth0=03:00:5e:10:00:01'], { code: 'EINVAL' }],
    ['an address on an unknown interface', ['veth', 'eth0=parent', 'addr', 'eth1=10.1.1.2/24'], { code: 'ENODEV', subject: 'eth1', hint: 'it has lo, eth0' }],
    ['an address without a prefix', ['veth', 'eth0=parent', 'addr', 'eth0=10.1.1.2'], { code: 'EINVAL' }],
    ['a gateway on no network', ['veth', 'eth0=parent', 'addr', 'eth0=10.1.1.2/24', 'route', 'default=10.9.9.1'], { code: 'ENETUNREACH', subject: '10.9.9.1' }],
    ['two interfaces of one name', ['veth', 'eth0=parent', 'macvlan', 'eth0=lo'], { code: 'EEXIST', subject: 'eth0' }],
    ['an image that is not there', ['veth', 'eth0=nobody:eth9'], { code: 'ESRCH', subject: 'nobody' }],
    ['up and down', ['veth', 'eth0=parent', 'up', 'eth0', 'down', 'eth0'], { code: 'EINVAL', subject: 'eth0' }],
    ['a port of two bridges', ['veth', 'eth0=parent', 'bridge', 'br0=eth0,br1=eth0'], { code: 'EINVAL', subject: 'eth0' }],
    ['the other end of no veth', ['bridge', 'br0', 'peer', 'br0=10.1.1.1/24'], { code: 'EINVAL', subject: 'br0' }],
    ['a sysctl twice', ['sysctl', 'net.ipv4.ip_forward=1', 'sysctl', 'net.ipv4.ip_forward=0'], { code: 'EEXIST' }],
    ['no such path', ['path', '/run/netns/no-such-thing'], { code: 'ENOENT', subject: '/run/netns/no-such-thing' }],
    ['a path that is no namespace', ['path', '/etc/hostname'], { code: 'EINVAL' }],
  ];
  test.each(cases)('%s', async (_what, pairs, expected) => {
    expect(await refusal(at.net('never', ...pairs))).toMatchObject(expected);
    expect(at.ip('', 'link').map((l) => l['ifname'])).toEqual(['lo']);
  });

  test('refused by the kernel, in words: names taken, missing parents, wrong kinds', async () => {
    at.on('', 'ip', 'link', 'add', 'taken0', 'type', 'veth', 'peer', 'name', 'taken1');
    expect(await refusal(at.net('x', 'veth', 'eth0=parent:taken0'))).toMatchObject({ code: 'EEXIST', hint: expect.stringContaining('"taken0"') as unknown });
    expect(await refusal(at.net('x', 'veth', 'eth0=bridge:taken0'))).toMatchObject({ code: 'EINVAL', subject: 'taken0' });
    expect(await refusal(at.net('x', 'veth', 'eth0=bridge:nobr'))).toMatchObject({ code: 'ENODEV', subject: 'nobr' });
    expect(await refusal(at.net('x', 'macvlan', 'mv0=nolow'))).toMatchObject({ code: 'ENODEV', subject: 'nolow' });
    expect(await refusal(at.net('x', 'macvlan', 'mv0=lo'))).toMatchObject({ code: 'EINVAL', hint: expect.stringContaining('cannot carry a macvlan') as unknown });
    expect(await refusal(at.net('x', 'veth', 'eth0=parent', 'addr', 'eth0=10.1.1.2/24,eth0=ff02::5/64'))).toMatchObject({ code: expect.stringMatching(/EINVAL|EADDRNOTAVAIL/) as unknown, subject: 'eth0=ff02::5/64' });
    expect(await refusal(at.net('x', 'veth', 'eth0=parent', 'mtu', 'eth0=70000'))).toMatchObject({ code: 'EINVAL' });
    expect(at.ip('', 'link').map((l) => l['ifname']).sort()).toEqual(['lo', 'taken0', 'taken1']);
    at.on('', 'ip', 'link', 'del', 'taken0');
  });
});

test('dns, hosts and /sys belong to the image; a change is seen by what runs', async () => {
  await at.net('f', 'dns', '10.7.0.1,fd00::53', 'dns.search', 'lab.example', 'hosts', 'db=10.7.0.3,db=fd00::3', 'veth', 'eth7=parent');
  expect(live('f', 'cat', '/etc/resolv.conf')).toBe('search lab.example\nnameserver 10.7.0.1\nnameserver fd00::53\n');
  expect(live('f', 'getent', 'hosts', 'db')).toMatch(/^fd00::3\s+db/);
  expect(live('f', 'ls', '/sys/class/net').split(/\s+/)).toEqual(expect.arrayContaining(['eth7', 'lo']));
  expect(execFileSync('cat', ['/etc/resolv.conf'], { encoding: 'utf8' })).not.toContain('lab.example');
  await at.set('f', 'dns', '10.7.0.9');
  expect(live('f', 'cat', '/etc/resolv.conf')).toBe('search lab.example\nnameserver 10.7.0.9\n');
  await at.destroy('f');
});

test('dns set late reaches whoever enters from then on, and is taken away again', async () => {
  await at.net('late');
  const host = readFileSync('/etc/resolv.conf', 'utf8');
  expect(live('late', 'cat', '/etc/resolv.conf')).toBe(host);
  const { notes } = await at.set('late', 'dns', '10.7.0.53');
  expect(notes.join()).toMatch(/resolv.conf: programs that run keep the one they have/);
  expect(live('late', 'cat', '/etc/resolv.conf')).toBe('nameserver 10.7.0.53\n');
  await at.set('late', 'dns', '');
  expect(live('late', 'cat', '/etc/resolv.conf')).toBe(host);
  await at.destroy('late');
});

test('an adopted stack is used, cleaned, and left', async () => {
  const name = `vnadopt${process.pid}`;
  execFileSync('ip', ['netns', 'add', name]);
  try {
    execFileSync('ip', ['-n', name, 'link', 'add', 'own0', 'type', 'veth', 'peer', 'name', 'own1']);
    const look = (): string => execFileSync('ip', ['-n', name, '-o', 'addr'], { encoding: 'utf8' }) + execFileSync('ip', ['-n', name, '-o', 'link'], { encoding: 'utf8' });
    const before = look();
    await at.net('ad', 'path', `/run/netns/${name}`, 'veth', 'eth0=parent:ad0', 'addr', 'eth0=10.36.0.2/24,own0=10.37.0.1/24', 'bridge', 'br0');
    expect(at.ip('ad', 'link').map((l) => l['ifname'])).toEqual(expect.arrayContaining(['own0', 'eth0', 'br0']));
    expect(execFileSync('ip', ['-n', name, 'addr'], { encoding: 'utf8' })).toContain('10.36.0.2/24');
    await at.destroy('ad');
    expect(look()).toBe(before);
    expect(await refusal(at.net('ad', 'path', `/run/netns/${name}`, 'addr', 'nosuch=10.1.1.1/24'))).toMatchObject({ code: 'ENODEV', subject: 'nosuch' });
    expect(look()).toBe(before);
  } finally {
    execFileSync('ip', ['netns', 'del', name]);
    spawnSync('umount', ['/run/netns']); // ip-netns(8) mounts it at its first use
  }
});

test('netns: ip-netns(8) knows the image; the name is given back', async () => {
  const there = (): boolean => execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).includes(at.name('ns'));
  await at.net('ns', 'veth', 'eth0=parent:ns0', 'netns', 'true');
  expect(there()).toBe(true);
  expect(execFileSync('ip', ['netns', 'exec', at.name('ns'), 'ip', '-br', 'link'], { encoding: 'utf8' })).toContain('eth0');
  await at.set('ns', 'netns', 'false');
  expect(there()).toBe(false);
  await at.set('ns', 'netns', 'true');
  await at.destroy('ns');
  expect(there()).toBe(false);
});

test('refs: who has a socket in the stack', async () => {
  await at.net('h', 'veth', 'eth0=parent', 'addr', 'eth0=10.38.0.2/24');
  const slot = await (await at.kernel.lookup(at.name('h'))).slot('net');
  const server = slot.stack.inside(() => createServer().listen(4321));
  const child = at.spawnOn('h', 'socat', 'UDP-LISTEN:4322,bind=10.38.0.2', 'STDOUT');
  await expect.poll(async () => (await at.kernel.refs(at.name('h'))).filter(({ kind }) => kind === 'socket').map(({ detail }) => detail.replace(/ \(.*/, ''))).toEqual(expect.arrayContaining(['udp 10.38.0.2:4322']));
  const sockets = (await at.kernel.refs(at.name('h'))).filter(({ kind }) => kind === 'socket');
  expect(sockets.find(({ detail }) => detail.startsWith('udp'))).toMatchObject({ pid: expect.any(Number) as unknown, detail: expect.stringContaining('socat') as unknown });
  expect(sockets).toContainEqual(expect.objectContaining({ pid: process.pid, detail: expect.stringMatching(/^tcp \[::\]:4321 \(listen/) as unknown }));
  child.kill('SIGKILL');
  server.close();
  await at.destroy('h');
});

test('a pin unmounted by hand is ESTALE, and the image can still be destroyed; what was in it is told', async () => {
  at.on('', 'ip', 'link', 'add', 'lost0', 'type', 'veth', 'peer', 'name', 'lost1');
  await at.net('p', 'veth', 'eth0=parent:p0', 'if', 'lost0');
  const serial = BigInt((await at.kernel.info(at.name('p'))).serial);
  const other = await lab();
  try {
    (await linuxOf(other.substrate).pinner()).unpin(serial, 'net');
    expect(await refusal(other.kernel.get(at.name('p'), { all: true }))).toMatchObject({ code: 'ESTALE', hint: expect.stringContaining(`imgctl destroy ${at.name('p')}`) as unknown });
    (await (await at.kernel.lookup(at.name('p'))).slot('net')).close();
    await expect.poll(() => at.ip('', 'link').map((l) => l['ifname'])).toEqual(['lo']);
    const report = await other.kernel.destroy(at.name('p'));
    expect(report.removed).toEqual([at.name('p')]);
    expect(report.notes.join()).toContain('lost0: lost, its stack has died and with it a virtual interface');
  } finally {
    await other.close();
  }
});

test('two images on one stack: the maker goes, the sharer keeps it', async () => {
  await at.net('own', 'veth', 'eth0=parent:sh0', 'addr', 'eth0=10.39.0.2/24');
  await at.kernel.create(['name', at.name('guest'), 'vir', 'net', 'share', at.name('own')]);
  expect(at.ip('guest', 'link').map((l) => l['ifname'])).toContain('eth0');
  await at.destroy('own');
  expect(at.ip('guest', 'link').map((l) => l['ifname'])).toContain('eth0');
  await at.destroy('guest');
  expect(spawnSync(imgexecPath(), [at.name('guest'), '--', 'true']).status).not.toBe(0);
});
