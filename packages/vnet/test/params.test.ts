import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VimageError, imageParams, parseImage, type ParamTable } from '@vimage/core';
import { vnet, vnetParams } from '../src/index.ts';
import { parseSnapshot, printSnapshot } from '../src/move/journal.ts';
import { contains } from '../src/wanted/address.ts';
import { parseValues, printValues } from '../src/wanted/text.ts';
import { wanted } from '../src/wanted/wanted.ts';
import { tbfOf } from '../src/change/rate.ts';
import { hostsText, resolvText } from '../src/files.ts';
import { sysctlPath } from '../src/params/sysctl.ts';

const tables = { image: imageParams, components: new Map<string, ParamTable>([[vnet.name, vnetParams]]) };
const values = (...pairs: string[]): ReturnType<typeof parseValues> => {
  const list = pairs.flatMap((key, i) => (i % 2 === 0 ? [[key, pairs[i + 1] ?? ''] as const] : []));
  return parseValues(printValues((parseImage([['name', 'x'], ['vir', 'net'], ...list], tables, { access: 'create' }).sections.get('net')?.values ?? {}) as ReturnType<typeof parseValues>));
};

describe('texts', () => {
  const good: readonly [keyof typeof vnetParams, string, string?][] = [
    ['if', 'wi0'], ['if', 'eth1:wan'], ['if', 'eth1:eth1', 'eth1'],
    ['veth', 'eth0=parent'], ['veth', 'eth0=parent:web0'], ['veth', 'eth0=bridge:br0'], ['veth', 'eth0=bridge:br0:web0'], ['veth', 'eth0=lab.web:eth9'],
    ['veth', 'eth0=lab.web'], ['veth', 'eth0=lab.web/br0'], ['veth', 'eth0=lab.web/br0:p1'], ['veth', 'eth0=parent/br0', 'eth0=bridge:br0'],
    ['bridge', 'br0'], ['bridge', 'br0=eth0+eth1'],
    ['macvlan', 'eth0=eth1'], ['macvlan', 'eth0=eth1/bridge', 'eth0=eth1'], ['macvlan', 'eth0=eth1/private'],
    ['route', 'default=10.7.0.1'], ['route', '0.0.0.0/0=10.7.0.1', 'default=10.7.0.1'], ['route', '::/0=fe80::1%eth0'], ['route', '10.9.0.0/16=eth0'], ['route', '10.9.0.0/16=blackhole'],
    ['sysctl', 'net.ipv4.ping_group_range=0 1000'], ['sysctl', 'net.ipv4.conf.eth0/7.forwarding=1'],
    ['hosts', 'db.example=10.7.0.3'], ['rate', 'eth0=10mbit'], ['nat', 'true'], ['nat', 'eth0'], ['publish', '127.0.0.1:8080:80/tcp'],
  ];
  test.each(good)('%s %s', (key, text, printed = text) => {
    const { type } = vnetParams[key] as { type: { parse(t: string): unknown; print(v: unknown): string; is(v: unknown): boolean } };
    const value = type.parse(text);
    expect(type.print(value)).toBe(printed);
    expect(type.is(value)).toBe(true);
    expect(type.parse(printed)).toEqual(value);
  });

  test.each([
    ['if', 'a:b:c'], ['if', ''], ['veth', 'eth0='], ['veth', 'eth0=bridge'], ['veth', 'eth0=parent:a:b'], ['veth', 'eth0=x/y/z'], ['bridge', 'br0=a+a'], ['bridge', 'br0='],
    ['macvlan', 'a=b/odd'], ['route', 'default=10.7.0'], ['route', '10.7.0.1/16=eth0'], ['route', 'default=1.2.3.4%a%b'], ['sysctl', 'kernel.hostname=x'], ['sysctl', 'net.//.x=1'], ['sysctl', 'net..x=1'],
    ['hosts', '-x=1.2.3.4'], ['mtu', 'eth0=67'], ['mac', 'eth0=01:00:00:00:00:01'], ['publish', '0:80'],
  ] as const)('not %s %s', (key, text) => {
    expect(() => vnetParams[key].type.parse(text)).toThrow(VimageError);
  });

  test('any text is read or refused with a code, and what is read prints to what reads the same', () => {
    const alphabet = fc.constantFrom(...'eth0=:/+%.,-_ab19parentbridge'.split(''), 'parent', 'bridge', '10.7.0.1', '/24', 'fe80::1', 'default', 'é', '\0', ' ');
    fc.assert(fc.property(fc.constantFrom(...Object.values(vnetParams)), fc.array(alphabet, { maxLength: 8 }), ({ type }, parts) => {
      let value: unknown;
      try {
        value = type.parse(parts.join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(VimageError);
        return;
      }
      const printed = (type as { print(v: unknown): string }).print(value);
      expect(type.parse(printed)).toEqual(value);
    }), { numRuns: 5000 });
  });

  test('every example reads', () => {
    for (const [key, param] of Object.entries(vnetParams)) expect(() => param.type.parse(param.example.split(',')[0] ?? ''), key).not.toThrow();
  });
});

describe('what values ask for', () => {
  test('down takes routes and IPv6 addresses away, IPv4 addresses stay', () => {
    const base = ['veth', 'eth0=parent', 'addr', 'eth0=10.7.0.2/24,eth0=fd00::2/64', 'route', 'default=10.7.0.1'];
    expect(wanted(values(...base)).routes).toHaveLength(1);
    const down = wanted(values(...base, 'down', 'eth0'));
    expect(down.routes).toEqual([]);
    expect(down.addrs.map(({ cidr }) => cidr.family)).toEqual([4]);
  });

  test('nat puts the gateway on the other end, unless peer says so already or it is a bridge', () => {
    const base = ['addr', 'eth0=10.7.0.2/24', 'route', 'default=10.7.0.1', 'nat', 'true'];
    expect(wanted(values('veth', 'eth0=parent', ...base)).peers).toEqual([{ dev: 'eth0', cidr: { family: 4, address: '10.7.0.1', prefix: 24 } }]);
    expect(wanted(values('veth', 'eth0=parent', ...base, 'peer', 'eth0=10.7.0.1/30')).peers).toEqual([{ dev: 'eth0', cidr: { family: 4, address: '10.7.0.1', prefix: 30 } }]);
    expect(wanted(values('veth', 'eth0=bridge:br0', ...base)).peers).toEqual([]);
    expect(wanted(values('veth', 'eth0=parent', 'addr', 'eth0=10.7.0.2/24', 'route', 'default=10.7.0.1')).peers).toEqual([]);
  });

  test('networks', () => {
    expect(contains({ family: 4, address: '10.7.0.2', prefix: 24 }, '10.7.0.255')).toBe(true);
    expect(contains({ family: 4, address: '10.7.0.2', prefix: 25 }, '10.7.0.128')).toBe(false);
    expect(contains({ family: 4, address: '0.0.0.0', prefix: 0 }, 'fd00::1')).toBe(false);
    expect(contains({ family: 6, address: 'fd00::2', prefix: 64 }, 'fd00::ffff')).toBe(true);
  });

  test('a bucket holds a packet, and 10 ms at any rate', () => {
    fc.assert(fc.property(fc.integer({ min: 8000, max: 1e12 }), fc.integer({ min: 68, max: 65535 }), (bits, mtu) => {
      const { rate, burst, limit = 0 } = tbfOf(bits, mtu);
      expect(burst).toBeGreaterThanOrEqual(mtu + 14);
      expect(burst).toBeGreaterThanOrEqual(Math.min(rate / 100, 0xffffffff));
      expect(limit).toBeLessThanOrEqual(0xffffffff);
      expect(limit).toBeGreaterThanOrEqual(burst);
    }));
  });

  test('files', () => {
    expect(resolvText(values('dns', '10.7.0.1', 'dns.search', 'a.example,b.example'))).toBe('search a.example b.example\nnameserver 10.7.0.1\n');
    expect(hostsText(values('hosts', 'db=10.7.0.3'))).toContain('10.7.0.3\tdb\n');
    expect(sysctlPath('net.ipv4.conf.eth0/7.forwarding')).toBe('net/ipv4/conf/eth0.7/forwarding');
  });
});

test('a journal of a moved interface reads as it was written, and is refused when damaged', () => {
  const was = {
    name: 'eth1', as: 'wan', addrs: [], neighs: [], classes: [], sysctls: { 'net/ipv4/conf': { rp_filter: '2' } }, routes: [],
    link: { index: 7, name: 'eth1', altnames: ['long'], type: 'ether', flags: 3, up: true, running: true, lowerUp: true, loopback: false, mtu: 1500, operstate: 'up', group: 0, rawData: Uint8Array.of(1, 2, 255) },
    qdiscs: [{ dev: 7, kind: 'tbf', parent: 'root', handle: '7:', options: Uint8Array.of(0, 9) }],
  };
  expect(parseSnapshot(printSnapshot(was))).toEqual(was);
  for (const text of ['', '{', '[]', '{"name":"x"}', 'null']) expect(() => parseSnapshot(text)).toThrow(expect.objectContaining({ code: 'EBADMSG' }));
  for (const text of ['{', '{"addr":["x"]}', '{"nope":["x"]}']) expect(() => parseValues(text)).toThrow(expect.objectContaining({ code: 'EBADMSG' }));
});
