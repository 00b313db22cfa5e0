import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lab, type Lab } from './lab.ts';

// Kills the one who works (test/child/act.mjs, which runs what was built) at every act on the machine, one by one; then gc must leave the parent as it was.

const script = fileURLToPath(new URL('./child/act.mjs', import.meta.url));
let at: Lab;
beforeAll(async () => {
  at = await lab();
  at.on('', 'sh', '-ec', `
    ip link add br0 address 02:00:00:00:50:01 type bridge; ip link set br0 up; ip addr add 10.50.0.1/24 dev br0
    ip link add if5 type veth peer name far5; ip link set far5 up; ip addr add 10.75.0.1/24 dev if5; ip link set if5 up; ip route add 10.175.0.0/16 via 10.75.0.2`);
});
afterAll(() => at.close());

function act(n: number, verb: string, name: string, pairs: readonly string[]): { done: number } | undefined {
  try {
    return JSON.parse(execFileSync(process.execPath, [script, String(n), verb, name, ...pairs], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) as { done: number };
  } catch (error) {
    if (error instanceof Error && 'signal' in error && error.signal === 'SIGKILL') return undefined;
    throw error;
  }
}

/** What ip(8), tc(8), nft(8) and sysctl(8) say, without what differs from one look to the next. */
function portrait(child: string): string {
  const parts = ['ip -o link', 'ip -o addr', 'ip route show table all', 'ip -6 route show proto boot', 'ip neigh show nud permanent', 'tc qdisc show', 'nft list ruleset', 'sysctl net.ipv4.ip_forward net.ipv4.conf.br0.route_localnet', 'bridge link'];
  const text = at.on(child, 'sh', '-c', parts.map((part) => `${part} 2>/dev/null`).join('; '));
  const volatile = /valid_lft.*|@\w+|^\d+: |link-netnsid \d+|state \w+|NO-CARRIER,?|,?LOWER_UP|,?M-DOWN|linkdown ?|refcnt \d+|table \d+ chain|handle \d+|tbf \w+:/g;
  const far = child === '' ? /link\/ether .*/g : /$^/g;
  const lines = text.split('\n').map((line) => line.replaceAll(volatile, '').replaceAll(far, '').trimEnd().replaceAll(/ +/g, ' '));
  return lines.filter((line) => line.trim() !== '' && !/fe80|multicast ff00/.test(line)).sort().join('\n');
}

/** Links of a namespace that died go a moment later than it. */
async function settles(child: string, expected: string): Promise<void> {
  await expect.poll(() => portrait(child), { timeout: 5000, interval: 100 }).toBe(expected);
}

const rich = ['if', 'if5:in5', 'veth', 'eth0=bridge:br0:k0', 'addr', 'eth0=10.50.0.2/24,in5=10.75.0.9/24', 'route', 'default=10.50.0.1', 'nat', 'true', 'publish', '8088:80', 'rate', 'eth0=10mbit', 'dns', '10.50.0.1'];

test('create, killed at every act', async () => {
  const before = portrait('');
  let n = 0;
  for (; ; n++) {
    const outcome = act(n, 'create', at.name('victim'), rich);
    await at.kernel.gc();
    await settles('', before);
    if (outcome !== undefined) break;
  }
  expect(n).toBeGreaterThan(20);
}, 300_000);

test('destroy, killed at every act', async () => {
  const before = portrait('');
  let n = 0;
  for (; ; n++) {
    await at.kernel.create(['name', at.name('victim'), 'persist', 'true', 'vir', 'net', ...rich]);
    const outcome = act(n, 'destroy', at.name('victim'), []);
    await at.kernel.gc();
    // Killed before it was marked, it stands as it was.
    if ((await at.kernel.list()).some(({ name }) => name === at.name('victim'))) await at.destroy('victim');
    await settles('', before);
    if (outcome !== undefined) break;
  }
  expect(n).toBeGreaterThan(10);
}, 300_000);

test('set, killed at every act: the stack and the parent are as before it', async () => {
  await at.kernel.create(['name', at.name('victim'), 'persist', 'true', 'vir', 'net', 'veth', 'eth0=bridge:br0:k0,eth1=parent:k1', 'addr', 'eth0=10.50.0.2/24,eth1=10.51.0.2/24', 'route', 'default=10.50.0.1,10.60.0.0/16=10.51.0.1',
    'nat', 'true', 'rate', 'eth0=10mbit', 'mtu', 'eth1=1400']);
  const before = { parent: portrait(''), own: portrait('victim') };
  const pairs = await at.kernel.get(at.name('victim'));
  const change = ['if', 'if5', 'veth', 'eth0=parent:k5,eth2=bridge:br0:k2', 'addr', 'eth0=10.50.1.2/24,eth2=10.52.0.2/24', 'route', 'default=10.50.1.1', 'nat', 'false', 'rate', 'eth2=20mbit', 'mtu', 'eth2=1300',
    'sysctl', 'net.ipv4.ip_forward=1', 'bridge', 'brx=eth2'];
  let n = 0;
  for (; ; n++) {
    const outcome = act(n, 'set', at.name('victim'), change);
    const lines = await at.kernel.gc();
    const now = await at.kernel.get(at.name('victim'));
    if (outcome !== undefined || JSON.stringify(now) !== JSON.stringify(pairs)) break;
    expect(portrait('victim'), `${n}: ${lines.join('; ')}`).toBe(before.own);
    await settles('', before.parent);
  }
  expect(n).toBeGreaterThan(15);
  expect(at.ip('victim', 'link').map((l) => l['ifname'])).toEqual(expect.arrayContaining(['lo', 'if5', 'eth0', 'eth2', 'brx']));
  await at.destroy('victim');
}, 300_000);
