import { describe, expect, it } from 'vitest';
import { boot, parseImage, type Pairs } from '@vimage/core';
import { MemorySubstrate } from '@vimage/testing';
import { jail } from '../src/index.ts';
import { impliedPairs } from '../src/implied.ts';
import { jailParams, type JailValues } from '../src/params.ts';
import { offSwitches } from './switches.ts';

const tables = { image: {}, components: new Map([['jail', jailParams]]) };

function values(...words: readonly string[]): JailValues {
  const pairs: [string, string][] = [['vir', 'jail']];
  for (let i = 0; i < words.length; i += 2) pairs.push([words[i] ?? '', words[i + 1] ?? '']);
  return parseImage(pairs, tables as never, { access: 'show' }).sections.get('jail')?.values ?? {};
}

const text = (pairs: Pairs): string => pairs.map(([key, value]) => `${key} ${value}`).join('; ');
const implied = (...words: readonly string[]): string => text(impliedPairs(values(...words)));

describe('a jail is made of', () => {
  it.each([
    [[], 'vir net; sysctl net.ipv6.conf.all.disable_ipv6=1; sysctl net.ipv6.conf.default.disable_ipv6=1; vir proc; vir priv'],
    [['ip4', 'inherit'], 'vir proc; vir priv'],
    [['ip4', 'inherit', 'path', '/'], 'vir proc; vir priv'],
    [['ip6', 'inherit', 'path', '/jails/www', 'mount.devfs', 'true', 'enforce_statfs', '1'], 'vir fs; root /jails/www; dev true; enforce_statfs 1; vir proc; vir priv'],
    [['ip4', 'inherit', 'path', '/j', 'mount', '/usr/ports /usr/ports nullfs ro', 'mount', 'tmpfs /tmp tmpfs rw,size=64k', 'mount', '/a\\040b /c nullfs'],
      'vir fs; root /j; ro /usr/ports=/usr/ports; tmpfs /tmp=65536; bind /c=/a b; dev false; vir proc; vir priv'],
    [['ip4.addr', 'eth0|10.0.0.2/24', 'ip4.addr', '10.0.0.3', 'interface', 'eth1'],
      'vir net; macvlan eth0=eth0; macvlan eth1=eth1; addr eth0=10.0.0.2/24; addr eth1=10.0.0.3/32; sysctl net.ipv6.conf.all.disable_ipv6=1; sysctl net.ipv6.conf.default.disable_ipv6=1; vir proc; vir priv'],
    [['ip6.addr', 'eth0|fd00::2/64'], 'vir net; macvlan eth0=eth0; addr eth0=fd00::2/64; vir proc; vir priv'],
    [['vnet', 'true', 'vnet.interface', 'eth1', 'ip4.addr', 'eth1|10.0.0.2/24'], 'vir net; if eth1; addr eth1=10.0.0.2/24; vir proc; vir priv; allow.net_admin true'],
    [['vnet', 'true', 'allow.routing', 'false'], 'vir net; vir proc; vir priv; allow.net_admin false'],
    [['vnet', 'true', 'securelevel', '3'], `vir net; vir proc; vir priv; ${offSwitches(3)}`],
    [['ip4', 'inherit', 'allow.raw_sockets', 'true', 'allow.reserved_ports', 'false', 'allow.unprivileged_proc_debug', 'true', 'allow.settime', 'false'],
      'vir proc; vir priv; allow.raw_sockets true; allow.reserved_ports false; allow.ptrace true; allow.clock false'],
    [['ip4', 'inherit', 'sysvshm', 'new', 'sysvsem', 'disable'], 'vir ipc; vir proc; vir priv; allow.sysvipc true'],
    [['ip4', 'inherit', 'sysvshm', 'inherit'], 'vir proc; vir priv; allow.sysvipc true'],
    [['ip4', 'inherit', 'sysvshm', 'disable', 'sysvmsg', 'disable'], 'vir proc; vir priv; allow.sysvipc false'],
    [['ip4', 'inherit', 'sysvmsg', 'disable', 'allow.sysvipc', 'true'], 'vir proc; vir priv; allow.sysvipc true'],
    [['ip4', 'inherit', 'securelevel', '1', 'allow.chflags', 'false'], `vir proc; vir priv; ${offSwitches(1)}`],
  ])('%j', (words, expected) => {
    expect(implied(...words)).toBe(expected);
  });

  it.each([
    [['ip4', 'disable', 'ip4.addr', 'eth0|10.0.0.1'], 'EINVAL', /exclude each other/],
    [['vnet', 'true', 'ip4', 'inherit'], 'EINVAL', /vnet is a network of its own/],
    [['ip4', 'inherit', 'ip6', 'disable'], 'EOPNOTSUPP', /one stack for both/],
    [['ip4', 'inherit', 'ip6.addr', 'eth0|fd00::1/64'], 'EOPNOTSUPP', /one stack for both/],
    [['vnet.interface', 'eth1'], 'EINVAL', /stack of its own/],
    [['ip4.addr', '10.0.0.1'], 'EINVAL', /on no interface/],
    [['ip4.addr', 'lo1|10.0.0.1'], 'EOPNOTSUPP', /leads nowhere/],
    [['mount', '/a /b nullfs'], 'EINVAL', /root of its own/],
    [['securelevel', '1', 'allow.chflags', 'true'], 'EINVAL', /securelevel 1 forbids/],
    [['sysvshm', 'new', 'sysvsem', 'inherit'], 'EOPNOTSUPP', /sysvshm new and sysvsem inherit: Linux has one namespace/],
    [['sysvsem', 'new', 'allow.sysvipc', 'false'], 'EINVAL', /allow\.sysvipc false forbids what sysvsem new permits/],
    [['sysvsem', 'both'], 'EINVAL', /./],
    [['ip4.addr', 'eth0|fd00::1'], 'EINVAL', /IPv4 address/],
    [['mount', '/a /b zfs'], 'EOPNOTSUPP', /kind "zfs"/],
    [['mount', '/a'], 'EINVAL', /fstab/],
    [['mount', 'a /b nullfs'], 'EINVAL', /./],
    [['securelevel', '4'], 'ERANGE', /./],
  ])('refuses %j', (words, code, message) => {
    expect(() => implied(...words)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it('says which component is missing', async () => {
    const kernel = await boot({ substrate: new MemorySubstrate(), components: [jail] });
    await expect(kernel.create(['name', 'a', 'vir', 'jail'])).rejects.toMatchObject({ code: 'ENOENT', message: expect.stringContaining('"vir jail" brings "vir net"') });
  });

  it('every value is printed as it is read', () => {
    for (const [key, text] of [['ip4.addr', 'eth0|10.0.0.2/24'], ['ip4.addr', '10.0.0.2/32'], ['mount', '/a\\040b /c nullfs ro'], ['mount', 'tmpfs /tmp tmpfs rw,size=1m']] as const) {
      const { type } = jailParams[key];
      const parsed = type.parse(text);
      expect(type.is(parsed)).toBe(true);
      expect((type as { print(value: unknown): string }).print(parsed)).toBe(text);
    }
  });
});
