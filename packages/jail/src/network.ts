import { VimageError, type, type Pair, type Pairs } from '@vimage/core';
import type { JailAddress } from './address.ts';
import type { JailValues } from './params.ts';

const cidr = type.cidr();

/** Whether the jail stands in the stack of those around it. */
function inherits({ vnet, ip4, ip6 }: JailValues): boolean {
  return vnet !== true && (ip4 === 'inherit' || ip6 === 'inherit');
}

function addresses(values: JailValues): readonly JailAddress[] {
  return [...(values['ip4.addr'] ?? []), ...(values['ip6.addr'] ?? [])];
}

/** EINVAL, EOPNOTSUPP: what cannot be had together, or not on Linux. */
export function checkNetwork(values: JailValues): void {
  const { vnet } = values;
  for (const family of ['ip4', 'ip6'] as const) {
    const [given, other] = [values[family], values[family === 'ip4' ? 'ip6' : 'ip4']];
    const addr = `${family}.addr` as const;
    if (given !== undefined && given !== 'new' && values[addr] !== undefined) {
      throw new VimageError('EINVAL', `${family} ${given} and ${addr} exclude each other`, { subject: family, hint: `leave ${family} out: ${addr} means new` });
    }
    if (vnet === true && given === 'inherit') throw new VimageError('EINVAL', `vnet is a network of its own, and ${family} inherit is none`, { subject: family, hint: 'leave out one of them' });
    if (vnet !== true && given === 'inherit' && (other === 'new' || other === 'disable' || addresses(values).length > 0)) {
      throw new VimageError('EOPNOTSUPP', `Linux has one stack for both: it cannot be inherited for ${family} only`, { subject: family, hint: 'inherit both, or give the jail addresses of its own' });
    }
  }
  if (vnet !== true && values['vnet.interface'] !== undefined) {
    throw new VimageError('EINVAL', 'vnet.interface is of a jail with a stack of its own', { subject: 'vnet.interface', hint: 'add: vnet true' });
  }
  for (const { on = values.interface, address } of addresses(values)) {
    if (on === undefined) {
      throw new VimageError('EINVAL', `${cidr.print(address)} is on no interface: on Linux a jail has a stack of its own, and an address takes an interface there`, {
        subject: `ip${address.family}.addr`, hint: `name it: ip${address.family}.addr=eth0|${cidr.print(address)}, or interface=eth0; ip${address.family}=inherit is the machine’s own`,
      });
    }
    if (vnet !== true && /^lo\d*$/.test(on)) {
      throw new VimageError('EOPNOTSUPP', `an address on ${on} leads nowhere on Linux, where the loopback interface of a jail is its own`, {
        subject: `ip${address.family}.addr`, hint: 'give the jail a cable: vnet true, with: vir net veth eth0=parent addr eth0=... nat true',
      });
    }
  }
}

/** The `vir net` of a jail; empty where it has the stack of those around it. Without vnet, each interface that addresses are on is a macvlan on that of the parent. */
export function networkPairs(values: JailValues): Pairs {
  if (inherits(values)) return [];
  const placed = addresses(values).flatMap(({ on = values.interface, address }) => (on === undefined ? [] : [{ on, address }]));
  const over = values.vnet === true ? [] : [...new Set(placed.map(({ on }) => on))];
  const quiet = values.ip6 === 'disable' || (values.vnet !== true && (values['ip6.addr'] ?? []).length === 0);
  return [
    ['vir', 'net'],
    ...(values['vnet.interface'] ?? []).map((name): Pair => ['if', name]),
    ...over.map((name): Pair => ['macvlan', `${name}=${name}`]),
    ...placed.map(({ on, address }): Pair => ['addr', `${on}=${cidr.print(address)}`]),
    ...(quiet ? ['all', 'default'].map((which): Pair => ['sysctl', `net.ipv6.conf.${which}.disable_ipv6=1`]) : []),
  ];
}
