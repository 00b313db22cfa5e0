import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusal } from '../../linux/test/ran.ts';
import { lab, type Lab } from './lab.ts';

// top is the machine: it forwards. "out" stands for the world behind it, "web" and "other" are images.

let at: Lab;
beforeAll(async () => {
  at = await lab();
  await at.net('out', 'veth', 'w0=parent:wan0', 'addr', 'w0=192.0.2.9/24,w0=2001:db8::9/64', 'peer', 'w0=192.0.2.1/24,w0=2001:db8::1/64');
});
afterAll(() => at.close());

/** A server that answers each connection with the client's address as it sees it. */
async function serve(child: string, port: number): Promise<() => void> {
  const script = `require('net').createServer((c) => c.end(c.remoteAddress.replace('::ffff:', ''))).listen(${port}, () => console.log('up'))`;
  const server = at.spawnOn(child, process.execPath, '-e', script);
  await new Promise((resolve) => server.stdout?.once('data', resolve));
  return () => { server.kill('SIGKILL'); };
}

/** What the server saw of a connection from `child`, or why there was none. */
function ask(child: string, host: string, port: number): Promise<string> {
  const script = `const s = require('net').connect({ host: '${host}', port: ${port}, timeout: 1500 }); let t = ''; s.on('data', (d) => { t += d; }); s.on('end', () => { console.log(t); }); s.on('timeout', () => { console.log('timeout'); process.exit(); }); s.on('error', (e) => { console.log(e.code); });`;
  return at.onAsync(child, process.execPath, '-e', script).then((text) => text.trim());
}

const forward = (): string => at.on('', 'sysctl', '-n', 'net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding').replaceAll('\n', ' ').trim();
const tables = (): string => at.on('', 'nft', 'list', 'tables').trim();

test('nat: the world sees the parent; what was borrowed is counted and put back', async () => {
  const stop = await serve('out', 80);
  expect(forward()).toBe('0 0');
  await at.net('n1', 'veth', 'eth0=parent:n1', 'addr', 'eth0=10.20.1.2/24', 'route', 'default=10.20.1.1', 'nat', 'true');
  expect(await ask('n1', '192.0.2.9', 80)).toBe('192.0.2.1');
  expect(forward()).toBe('1 0');
  await at.net('n2', 'veth', 'eth0=parent:n2', 'addr', 'eth0=10.20.2.2/24,eth0=fd20:2::2/64', 'route', 'default=10.20.2.1,::/0=fd20:2::1', 'nat', 'wan0');
  expect(await ask('n2', '192.0.2.9', 80)).toBe('192.0.2.1');
  expect(await ask('n2', '2001:db8::9', 80)).toBe('2001:db8::1');
  expect(forward()).toBe('1 1');
  await at.destroy('n1');
  expect(forward()).toBe('1 1');
  expect(await ask('n2', '192.0.2.9', 80)).toBe('192.0.2.1');
  await at.set('n2', 'nat', 'false');
  expect(forward()).toBe('0 0');
  expect(await ask('n2', '192.0.2.9', 80)).toBe('timeout');
  expect(tables()).toBe('');
  await at.set('n2', 'nat', 'true');
  expect(await ask('n2', '192.0.2.9', 80)).toBe('192.0.2.1');
  await at.destroy('n2');
  expect([forward(), tables()]).toEqual(['0 0', '']);
  stop();
});

test('nat leaves on what was on', async () => {
  at.on('', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  await at.net('n3', 'veth', 'eth0=parent', 'addr', 'eth0=10.20.3.2/24', 'route', 'default=10.20.3.1', 'nat', 'true');
  await at.destroy('n3');
  expect(forward()).toBe('1 0');
  at.on('', 'sysctl', '-qw', 'net.ipv4.ip_forward=0');
});

test('publish: from the world, from the parent, from 127.0.0.1, from another image, and from itself', async () => {
  await at.net('web', 'veth', 'eth0=parent:pub0', 'addr', 'eth0=10.21.0.2/24,eth0=fd21::2/64', 'route', 'default=10.21.0.1,::/0=fd21::1', 'publish', '8080:80,127.0.0.1:8081:80,5353:53/udp');
  await at.net('other', 'veth', 'eth0=parent:oth0', 'addr', 'eth0=10.22.0.2/24', 'peer', 'eth0=10.22.0.1/24', 'route', 'default=10.22.0.1');
  const stop = await serve('web', 80);
  expect(await ask('out', '192.0.2.1', 8080)).toBe('192.0.2.9');
  expect(await ask('out', '2001:db8::1', 8080)).toBe('2001:db8::9');
  expect(await ask('', '10.21.0.1', 8080)).toBe('10.21.0.1');
  expect(await ask('', '127.0.0.1', 8080)).toBe('10.21.0.1');
  expect(await ask('', '127.0.0.1', 8081)).toBe('10.21.0.1');
  expect(await ask('out', '192.0.2.1', 8081)).toBe('ECONNREFUSED');
  expect(await ask('other', '10.22.0.1', 8080)).toBe('10.22.0.2');
  expect(await ask('web', '10.21.0.1', 8080)).toBe('10.21.0.1');
  await at.set('web', 'publish', '9090:80');
  expect(await ask('out', '192.0.2.1', 8080)).toBe('ECONNREFUSED');
  expect(await ask('out', '192.0.2.1', 9090)).toBe('192.0.2.9');
  stop();
  await at.destroy('web');
  await at.destroy('other');
  expect([forward(), tables()]).toEqual(['0 0', '']);
});

test('publish through a bridge: hairpin to a neighbour and to itself; route_localnet is put back', async () => {
  at.on('', 'sh', '-ec', 'ip link add br0 type bridge; ip link set br0 up; ip addr add 10.23.0.1/24 dev br0');
  await at.net('b1', 'veth', 'eth0=bridge:br0', 'addr', 'eth0=10.23.0.2/24', 'route', 'default=10.23.0.1', 'publish', '8080:80', 'nat', 'true');
  await at.net('b2', 'veth', 'eth0=bridge:br0', 'addr', 'eth0=10.23.0.3/24', 'route', 'default=10.23.0.1', 'publish', '8082:80');
  const stop = await serve('b1', 80);
  for (const child of ['b1', 'b2']) expect(await ask(child, '10.23.0.1', 8080)).toBe('10.23.0.1');
  expect(await ask('', '127.0.0.1', 8080)).toBe('10.23.0.1');
  expect(await ask('out', '192.0.2.1', 8080)).toBe('192.0.2.9');
  stop();
  const localnet = (): string => at.on('', 'sysctl', '-n', 'net.ipv4.conf.br0.route_localnet').trim();
  await at.destroy('b1');
  expect(localnet()).toBe('1');
  await at.destroy('b2');
  expect([localnet(), forward(), tables()]).toEqual(['0', '0 0', '']);
  at.on('', 'ip', 'link', 'del', 'br0');
});

test('a published port does not open the parent’s 127.0.0.1 to the image', async () => {
  await at.net('spy', 'veth', 'eth0=parent:spy0', 'addr', 'eth0=10.24.0.2/24', 'route', 'default=10.24.0.1', 'publish', '8080:80',
    'sysctl', 'net.ipv4.conf.all.route_localnet=1');
  const stop = await serve('', 7777);
  expect(at.on('', 'sysctl', '-n', 'net.ipv4.conf.spy0.route_localnet').trim()).toBe('1');
  at.on('spy', 'sh', '-c', 'ip addr del 127.0.0.1/8 dev lo; ip route replace 127.0.0.1/32 via 10.24.0.1');
  expect(await ask('', '127.0.0.1', 7777)).toBe('127.0.0.1');
  expect(await ask('spy', '127.0.0.1', 7777)).toBe('timeout');
  stop();
  await at.destroy('spy');
});

test('refused: no way to the parent, no address, no such interface', async () => {
  expect(await refusal(at.net('x', 'nat', 'true'))).toMatchObject({ code: 'EINVAL', subject: 'nat' });
  expect(await refusal(at.net('x', 'veth', 'eth0=parent', 'publish', '8080:80'))).toMatchObject({ code: 'EADDRNOTAVAIL', subject: 'publish' });
  expect(await refusal(at.net('x', 'veth', 'eth0=parent', 'addr', 'eth0=10.1.1.2/24', 'nat', 'nosuch0'))).toMatchObject({ code: 'ENODEV', subject: 'nosuch0' });
  expect([forward(), tables()]).toEqual(['0 0', '']);
});
