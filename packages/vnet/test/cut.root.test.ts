import { afterAll, beforeAll, expect, test } from 'vitest';
import { cut, heal, type Vnet } from '../src/index.ts';
import { lab, type Lab } from './lab.ts';

// Three nodes on one bridge.

let at: Lab;
beforeAll(async () => {
  at = await lab();
  await at.set('', 'bridge', 'br0');
  for (const n of [1, 2, 3]) await at.net(`n${n}`, 'veth', 'eth0=bridge:br0', 'addr', `eth0=10.0.0.${n}/24,eth0=fd00::${n}/64`);
});
afterAll(() => at.close());

const stack = async (n: number): Promise<Vnet> => (await at.kernel.lookup(at.name(`n${n}`))).slot('net');
const tables = (n: number): string => at.on(`n${n}`, 'nft', 'list', 'tables').trim();

/** Whether one hears the answer of another, by IPv4, IPv6 and the address that each interface has by itself. */
async function hears(n: number, other: number): Promise<string> {
  const local = /inet6 (fe80[^/]*)/.exec(at.on(`n${other}`, 'ip', '-6', 'addr', 'show', 'dev', 'eth0'))?.[1] ?? '';
  const ping = (address: string): Promise<string> => at.onAsync(`n${n}`, 'ping', '-c', '1', '-W', '1', address).then(() => 'yes', () => 'no');
  return (await Promise.all([`10.0.0.${other}`, `fd00::${other}`, `${local}%eth0`].map(ping))).join(' ');
}

test('two that are cut do not hear each other, and a third hears both; healed, all is as it was', async () => {
  // The addresses that interfaces have by themselves are tried first.
  for (const n of [2, 3]) await expect.poll(() => hears(1, n), { timeout: 10_000 }).toBe('yes yes yes');
  cut(await stack(1), await stack(2));
  expect(await hears(1, 2)).toBe('no no no');
  expect(await hears(2, 1)).toBe('no no no');
  for (const n of [1, 2]) expect(await hears(n, 3)).toBe('yes yes yes');
  expect(await hears(1, 1)).toBe('yes yes yes');
  heal(await stack(2), await stack(1));
  expect(await hears(1, 2)).toBe('yes yes yes');
  expect(await hears(2, 1)).toBe('yes yes yes');
  expect(tables(1) + tables(2)).toBe('');
});

test('a connection outlives it', async () => {
  const server = at.spawnOn('n2', process.execPath, '-e', "require('net').createServer((c) => c.pipe(c)).listen(80, () => console.log('up'))");
  await new Promise((resolve) => server.stdout?.once('data', resolve));
  const client = at.spawnOn('n1', process.execPath, '-e', `
    const s = require('net').connect(80, '10.0.0.2', () => { console.log('connected'); setInterval(() => s.write('x'), 20); });
    s.on('data', () => console.log('heard')); s.on('error', (e) => console.log(e.code));`);
  let heard = '';
  client.stdout?.on('data', (data: Buffer) => { heard += String(data); });
  await expect.poll(() => heard).toMatch(/connected\n(heard\n)+/);
  cut(await stack(1), await stack(2));
  await new Promise((resolve) => { setTimeout(resolve, 100); });
  const before = heard;
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  expect(heard).toBe(before);
  heal(await stack(1), await stack(2));
  await expect.poll(() => heard.length, { timeout: 10_000 }).toBeGreaterThan(before.length);
  expect(heard).not.toMatch(/E[A-Z]+/);
});

test('twice is once, and takes the addresses anew; nothing is healed that was not cut', async () => {
  heal(await stack(1), await stack(3));
  cut(await stack(1), await stack(3));
  const ping = (): Promise<string> => at.onAsync('n1', 'ping', '-c', '1', '-W', '1', '10.0.0.33').then(() => 'yes', () => 'no');
  await at.set('n3', 'addr', 'eth0=10.0.0.33/24');
  expect(await ping()).toBe('no');
  await at.set('n1', 'addr', 'eth0=10.0.0.11/24');
  expect(await ping()).toBe('yes');
  cut(await stack(3), await stack(1));
  expect(await ping()).toBe('no');
  heal(await stack(1), await stack(3));
  expect(await ping()).toBe('yes');
  expect(tables(1) + tables(3)).toBe('');
});

test('one stack cannot be parted from itself, nor the machine be cut off', async () => {
  await at.kernel.create(['name', at.name('same'), 'vir', 'net', 'share', at.name('n1')]);
  const same = await (await at.kernel.lookup(at.name('same'))).slot('net');
  expect(() => { cut(same, same); }).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  const one = await stack(1);
  expect(() => { cut(one, same); }).toThrow(expect.objectContaining({ code: 'EINVAL', message: expect.stringContaining('one network stack') }));
  const kernel = at.kernel;
  await kernel.create(['name', 'plain_cut']);
  const machine = await (await kernel.lookup('plain_cut')).slot('net');
  expect(() => { cut(machine, one); }).toThrow(expect.objectContaining({ code: 'EINVAL', message: expect.stringContaining('machine') }));
  await kernel.destroy('plain_cut');
});
