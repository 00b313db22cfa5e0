import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { lab, type Lab } from './lab.ts';

let at: Lab;
beforeAll(async () => {
  at = await lab();
});
afterAll(() => at.close());

const addrs = (child: string, dev: string): string[] =>
  (at.ip(child, 'addr', 'show', 'dev', dev)[0]?.['addr_info'] as { local: string; prefixlen: number; scope: string }[])
    .filter((a) => !a.local.startsWith('fe80'))
    .map((a) => `${a.local}/${a.prefixlen}`);
const link = (child: string, dev: string): Record<string, unknown> => at.ip(child, '-d', 'link', 'show', 'dev', dev)[0] ?? {};
const flags = (child: string, dev: string): string[] => link(child, dev)['flags'] as string[];

describe('an own stack', () => {
  test('with nothing said has lo up, and nothing else', async () => {
    await at.net('empty');
    const links = at.ip('empty', 'link').filter((l) => l['link_type'] === 'loopback' || !['tunl0', 'sit0'].includes(String(l['ifname'])));
    expect(links.map((l) => l['ifname'])).toEqual(['lo']);
    expect(flags('empty', 'lo')).toContain('UP');
    await at.destroy('empty');
  });

  test('lives without processes, and another process finds it', async () => {
    await at.net('still', 'veth', 'eth0=parent:st0', 'addr', 'eth0=10.1.0.2/24');
    const other = await lab();
    try {
      expect(await other.kernel.get(at.name('still'), { all: true })).toContainEqual(['links', 'lo,eth0']);
      await other.kernel.set(at.name('still'), ['vir', 'net', 'addr', 'eth0=10.1.0.3/24']);
      expect(addrs('still', 'eth0')).toEqual(['10.1.0.3/24']);
    } finally {
      await other.close();
    }
    await at.destroy('still');
    expect(at.ip('', 'link').map((l) => l['ifname'])).toEqual(['lo']);
  });
});

describe('veth', () => {
  test('to the parent, with addresses, routes, mtu and mac', async () => {
    await at.net('v', 'veth', 'eth0=parent:web0', 'addr', 'eth0=10.7.0.2/24,eth0=fd00::2/64', 'route', 'default=10.7.0.1,10.9.0.0/16=eth0,::/0=fd00::1,10.66.0.0/16=unreachable',
      'mtu', 'eth0=1400', 'mac', 'eth0=02:00:5e:10:00:01', 'peer', 'eth0=10.7.0.1/24,eth0=fd00::1/64');
    expect(addrs('v', 'eth0')).toEqual(['10.7.0.2/24', 'fd00::2/64']);
    expect(addrs('', 'web0')).toEqual(['10.7.0.1/24', 'fd00::1/64']);
    expect(link('v', 'eth0')).toMatchObject({ mtu: 1400, address: '02:00:5e:10:00:01', linkinfo: { info_kind: 'veth' }, operstate: 'UP' });
    expect(link('', 'web0')).toMatchObject({ mtu: 1400, operstate: 'UP' });
    expect(at.ip('v', 'route').map((r) => `${String(r['type'] ?? '')}${String(r['dst'])} ${String(r['gateway'] ?? r['dev'])}`)).toEqual(
      expect.arrayContaining(['default 10.7.0.1', '10.9.0.0/16 eth0', 'unreachable10.66.0.0/16 undefined']));
    expect(at.ip('v', '-6', 'route').find((r) => r['dst'] === 'default')).toMatchObject({ gateway: 'fd00::1' });
    at.on('v', 'ping', '-c1', '-W2', '10.7.0.1');
    at.on('v', 'ping', '-6', '-c1', '-W2', 'fd00::1');
    await at.destroy('v');
    expect(at.ip('', 'link').map((l) => l['ifname'])).toEqual(['lo']);
  });

  test('an IPv6 address is usable at once, unless dad is asked for', async () => {
    await at.net('d0', 'veth', 'eth0=parent', 'addr', 'eth0=fd01::2/64');
    await at.net('d1', 'veth', 'eth0=parent', 'addr', 'eth0=fd01::3/64', 'dad', 'true');
    const find = (child: string): Record<string, unknown> | undefined =>
      (at.ip(child, 'addr', 'show', 'dev', 'eth0')[0]?.['addr_info'] as Record<string, unknown>[]).find((a) => String(a['local']).startsWith('fd01'));
    expect(find('d0')).toMatchObject({ nodad: true });
    expect(find('d0')).not.toHaveProperty('tentative');
    expect(find('d1')).not.toHaveProperty('nodad');
    await at.destroy('d0');
    await at.destroy('d1');
  });

  test('to a bridge of the parent, of another image, and straight to another image', async () => {
    at.on('', 'ip', 'link', 'add', 'br0', 'up', 'type', 'bridge');
    await at.net('hub', 'bridge', 'br1', 'addr', 'br1=10.2.0.254/24');
    await at.net('a', 'veth', 'eth0=bridge:br0', 'addr', 'eth0=10.1.0.1/24', 'veth', `eth1=${at.name('hub')}/br1:toa`, 'addr', 'eth1=10.2.0.1/24');
    await at.net('b', 'veth', 'eth0=bridge:br0:tob', 'addr', 'eth0=10.1.0.2/24', 'veth', `eth1=${at.name('a')}:eth9`, 'addr', 'eth1=10.3.0.2/24', 'peer', 'eth1=10.3.0.1/24');
    expect(link('', 'tob')).toMatchObject({ master: 'br0' });
    expect(link('hub', 'toa')).toMatchObject({ master: 'br1' });
    expect(addrs('a', 'eth9')).toEqual(['10.3.0.1/24']);
    at.on('a', 'ping', '-c1', '-W2', '10.1.0.2');
    at.on('a', 'ping', '-c1', '-W2', '10.2.0.254');
    at.on('b', 'ping', '-c1', '-W2', '10.3.0.1');
    await at.destroy('b');
    expect(at.ip('a', 'link').map((l) => l['ifname'])).toEqual(['lo', 'eth0', 'eth1']);
    await at.destroy('a');
    await at.destroy('hub');
    at.on('', 'ip', 'link', 'del', 'br0');
  });
});

test('bridge and macvlan: kinds, ports, mode', async () => {
  at.on('', 'ip', 'link', 'add', 'low0', 'up', 'type', 'veth', 'peer', 'name', 'low1');
  await at.net('m', 'macvlan', 'mv0=low0/private', 'addr', 'mv0=10.4.0.2/24', 'veth', 'e0=parent,e1=parent', 'bridge', 'br0=e0+e1', 'addr', 'br0=10.5.0.1/24', 'down', 'e1');
  expect(link('m', 'mv0')).toMatchObject({ linkinfo: { info_kind: 'macvlan', info_data: { mode: 'private' } } });
  expect(link('m', 'br0')).toMatchObject({ linkinfo: { info_kind: 'bridge' } });
  expect([link('m', 'e0')['master'], link('m', 'e1')['master']]).toEqual(['br0', 'br0']);
  expect([flags('m', 'e0').includes('UP'), flags('m', 'e1').includes('UP'), flags('m', 'br0').includes('UP')]).toEqual([true, false, true]);
  await at.destroy('m');
  at.on('', 'ip', 'link', 'del', 'low0');
});

test('rate: a token bucket that holds', async () => {
  await at.net('r', 'veth', 'eth0=parent:r0', 'addr', 'eth0=10.8.0.2/24', 'peer', 'eth0=10.8.0.1/24', 'rate', 'eth0=20mbit');
  const [tbf] = JSON.parse(at.on('r', 'tc', '-j', 'qdisc', 'show', 'dev', 'eth0')) as Record<string, unknown>[];
  expect(tbf).toMatchObject({ kind: 'tbf', options: { rate: 2_500_000 } });
  const server = at.spawnOn('', 'iperf3', '-s', '-1', '-B', '10.8.0.1');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const out = JSON.parse(await at.onAsync('r', 'iperf3', '-c', '10.8.0.1', '-t', '3', '-J')) as { end: { sum_received: { bits_per_second: number } } };
  server.kill();
  expect(out.end.sum_received.bits_per_second / 20e6).toBeGreaterThan(0.8);
  expect(out.end.sum_received.bits_per_second / 20e6).toBeLessThan(1.1);
  await at.set('r', 'rate', 'eth0=40mbit');
  expect((JSON.parse(at.on('r', 'tc', '-j', 'qdisc', 'show', 'dev', 'eth0')) as Record<string, unknown>[])[0]).toMatchObject({ options: { rate: 5_000_000 } });
  await at.set('r', 'rate', '');
  expect((JSON.parse(at.on('r', 'tc', '-j', 'qdisc', 'show', 'dev', 'eth0')) as Record<string, unknown>[])[0]).toMatchObject({ kind: 'noqueue' });
  await at.destroy('r');
}, 30_000);

test('sysctl of the stack only', async () => {
  const before = at.on('', 'sysctl', '-n', 'net.ipv4.ip_forward');
  await at.net('s', 'sysctl', 'net.ipv4.ip_forward=1', 'sysctl', 'net.ipv4.ping_group_range=0 1000', 'veth', 'eth0=parent', 'sysctl', 'net.ipv4.conf.eth0.rp_filter=2');
  expect(at.on('s', 'sysctl', '-n', 'net.ipv4.ip_forward', 'net.ipv4.conf.eth0.rp_filter').split('\n')).toEqual(['1', '2', '']);
  expect(at.on('', 'sysctl', '-n', 'net.ipv4.ip_forward')).toBe(before);
  await at.set('s', 'sysctl', 'net.ipv4.ip_forward=0');
  expect(at.on('s', 'sysctl', '-n', 'net.ipv4.ip_forward')).toBe('0\n');
  expect(await refusal(at.set('s', 'sysctl', 'net.ipv4.nonsense=1'))).toMatchObject({ code: 'ENOENT', subject: 'net.ipv4.nonsense' });
  expect(await refusal(at.set('s', 'sysctl', 'kernel.hostname=x'))).toMatchObject({ code: 'EINVAL' });
  await at.destroy('s');
});
