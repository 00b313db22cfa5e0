import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { lab, type Lab } from './lab.ts';

let at: Lab;
beforeAll(async () => {
  at = await lab();
});
afterAll(() => at.close());

/** Everything that a moved interface must have again, from the tools of iproute2 and sysctl. */
function portrait(dev: string): Record<string, unknown> {
  const json = (...command: string[]): Record<string, unknown>[] => JSON.parse(at.on('', ...command) || '[]') as Record<string, unknown>[];
  const drop = (rows: Record<string, unknown>[], ...keys: string[]): unknown[] =>
    rows.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => !keys.includes(key))));
  const link = json('ip', '-j', '-d', 'link', 'show', 'dev', dev);
  const sysctls = at.on('', 'sh', '-c', `for d in ipv4/conf ipv6/conf ipv4/neigh ipv6/neigh; do for f in /proc/sys/net/$d/${dev}/*; do printf '%s %s\\n' "$f" "$(cat $f 2>/dev/null)"; done; done`);
  return {
    link: drop(link, 'ifindex', 'link_index', 'link_netnsid', 'operstate', 'inet6_addr_gen_mode'),
    addrs: drop((json('ip', '-j', 'addr', 'show', 'dev', dev)[0]?.['addr_info'] as Record<string, unknown>[]).filter((a) => !String(a['local']).startsWith('fe80')), 'tentative'),
    routes: json('ip', '-j', 'route', 'show', 'table', 'all', 'dev', dev).map((r) => JSON.stringify(drop([r], 'flags'))).filter((r) => !r.includes('fe80')).sort(),
    routes6: json('ip', '-6', '-j', 'route', 'show', 'table', 'all', 'dev', dev).map((r) => JSON.stringify(drop([r], 'flags'))).filter((r) => !r.includes('fe80') && !r.includes('multicast')).sort(),
    neighs: json('ip', '-j', 'neigh', 'show', 'dev', dev).map((r) => JSON.stringify(r)).sort(),
    proxies: at.on('', 'ip', 'neigh', 'show', 'proxy', 'dev', dev),
    qdisc: at.on('', 'tc', 'qdisc', 'show', 'dev', dev),
    port: at.on('', 'bridge', '-d', 'link', 'show', 'dev', dev).replaceAll(/^\d+: /gm, '').replaceAll(/@if\d+/g, ''),
    sysctls,
  };
}

function furnish(dev: string): void {
  const script = `
    ip link add br7 type bridge && ip link set br7 up
    ip link add ${dev} type veth peer name far7 && ip link set far7 up
    ip link set ${dev} address 02:00:00:00:07:01 mtu 1420 txqueuelen 77 group 42 alias "uplink seven"
    ip link property add dev ${dev} altname longname-of-seven
    sysctl -qw net.ipv4.conf.${dev}.rp_filter=2 net.ipv6.conf.${dev}.accept_ra=0 net.ipv4.neigh.${dev}.gc_stale_time=33
    ip link set ${dev} up
    ip addr add 10.77.0.2/24 brd + dev ${dev} && ip addr add 10.77.0.9/24 dev ${dev} label ${dev}:x && ip addr add fd77::2/64 nodad dev ${dev}
    ip route add default via 10.77.0.1 metric 50 && ip route add 10.78.0.0/16 via 10.77.0.1 dev ${dev} table 77 && ip -6 route add fd78::/32 via fd77::1
    ip neigh add 10.77.0.5 lladdr 02:00:00:00:07:05 nud permanent dev ${dev} && ip neigh add proxy 10.77.0.6 dev ${dev}
    tc qdisc replace dev ${dev} root handle 7: tbf rate 5mbit burst 20kb latency 40ms`;
  at.on('', 'sh', '-ec', script);
}

test('an interface moved in is given back with everything it had', async () => {
  furnish('if7');
  const before = portrait('if7');
  await at.net('taker', 'if', 'if7:wan', 'addr', 'wan=10.77.0.2/24', 'route', 'default=10.77.0.1', 'mtu', 'wan=1300', 'mac', 'wan=02:00:00:00:07:99');
  expect(at.ip('', 'link').map((l) => l['ifname'])).not.toContain('if7');
  expect(at.ip('taker', '-d', 'link', 'show', 'dev', 'wan')[0]).toMatchObject({ mtu: 1300, address: '02:00:00:00:07:99', flags: expect.arrayContaining(['UP']) as unknown });
  const report = await at.destroy('taker');
  expect(report.notes).toEqual(['if7: given back']);
  // The kernel brings its link-local address back in its own time.
  await expect.poll(() => portrait('if7'), { timeout: 5000 }).toEqual(before);
  at.on('', 'sh', '-c', 'ip link del if7; ip link del br7');
});

test('a bridge port comes back as that port, down as it was', async () => {
  at.on('', 'sh', '-ec', 'ip link add br8 type bridge; ip link add if8 type veth peer name far8; ip link set if8 master br8; bridge link set dev if8 hairpin on cost 55');
  const before = portrait('if8');
  await at.net('port', 'if', 'if8');
  expect(at.ip('port', 'link', 'show', 'dev', 'if8')[0]).not.toHaveProperty('master');
  await at.destroy('port');
  expect(portrait('if8')).toEqual(before);
  at.on('', 'sh', '-c', 'ip link del if8; ip link del br8');
});

test('live: set moves in, gives back, and renames', async () => {
  at.on('', 'sh', '-ec', 'ip link add if9 type veth peer name far9; ip addr add 10.79.0.1/24 dev if9; ip link set if9 up');
  await at.net('live');
  await at.set('live', 'if', 'if9:in0', 'addr', 'in0=10.79.0.5/24');
  expect(at.ip('live', 'link').map((l) => l['ifname'])).toContain('in0');
  await at.set('live', 'if', 'if9:in1', 'addr', 'in1=10.79.0.6/24');
  expect(at.ip('live', 'addr', 'show', 'dev', 'in1')[0]).toMatchObject({ addr_info: expect.arrayContaining([expect.objectContaining({ local: '10.79.0.6' })]) as unknown });
  await at.set('live', 'if', '', 'addr', '');
  expect(at.ip('live', 'link').map((l) => l['ifname'])).toEqual(['lo']);
  expect(at.ip('', 'addr', 'show', 'dev', 'if9')[0]).toMatchObject({ addr_info: expect.arrayContaining([expect.objectContaining({ local: '10.79.0.1' })]) as unknown });
  await at.destroy('live');
  at.on('', 'ip', 'link', 'del', 'if9');
});

test('a create that fails later gives the interface back', async () => {
  at.on('', 'sh', '-ec', 'ip link add if6 type veth peer name far6; ip addr add 10.76.0.1/24 dev if6; ip link set if6 up');
  const before = portrait('if6');
  expect(await refusal(at.net('fails', 'if', 'if6', 'veth', 'e0=bridge:nobridge'))).toMatchObject({ code: 'ENODEV', subject: 'nobridge' });
  expect(portrait('if6')).toEqual(before);
  at.on('', 'ip', 'link', 'del', 'if6');
});

test('refused: missing, taken inside and outside, lo, immutable', async () => {
  at.on('', 'sh', '-ec', 'ip link add if4 type veth peer name far4; ip link add brx type bridge');
  expect(await refusal(at.net('x', 'if', 'nosuch'))).toMatchObject({ code: 'ENODEV', subject: 'nosuch', hint: expect.stringContaining('if4') as unknown });
  expect(await refusal(at.net('x', 'if', 'if4:lo'))).toMatchObject({ code: 'EEXIST' });
  expect(await refusal(at.net('x', 'if', 'lo'))).toMatchObject({ code: 'EEXIST' });
  expect(await refusal(at.net('x', 'if', 'lo:lo2'))).toMatchObject({ code: 'EINVAL', subject: 'lo' });
  expect(await refusal(at.net('x', 'if', 'brx'))).toMatchObject({ code: 'EINVAL', message: expect.stringContaining('netns-immutable') as unknown });
  expect(await refusal(at.net('x', 'if', 'if4', 'veth', 'if4=parent'))).toMatchObject({ code: 'EEXIST', subject: 'if4' });
  await at.net('x', 'veth', 'e0=parent');
  expect(await refusal(at.set('x', 'if', 'if4:e0'))).toMatchObject({ code: 'EEXIST', subject: 'e0' });
  await at.set('x', 'if', 'if4');
  at.on('', 'ip', 'link', 'add', 'if4', 'type', 'veth', 'peer', 'name', 'other4');
  expect((await at.destroy('x')).notes.join()).toMatch(/if4: that name is taken in the parent meanwhile/);
  at.on('', 'sh', '-c', 'ip link del if4; ip link del far4; ip link del brx');
});

test('a name of the parent that is also the image’s is not touched in the parent', async () => {
  at.on('', 'sh', '-ec', 'ip link add eth0 type veth peer name eth0p; ip addr add 10.80.0.1/24 dev eth0; ip link set eth0 up');
  const before = portrait('eth0');
  await at.net('twin', 'veth', 'eth0=parent:tw0', 'addr', 'eth0=10.80.0.1/24,eth0=10.81.0.1/24');
  await at.set('twin', 'addr', 'eth0=10.81.0.1/24', 'mtu', 'eth0=1300', 'down', 'eth0');
  await at.destroy('twin');
  expect(portrait('eth0')).toEqual(before);
  at.on('', 'ip', 'link', 'del', 'eth0');
});
