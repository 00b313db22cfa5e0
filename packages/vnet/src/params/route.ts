import { type, type ParamType } from '@vimage/core';
import { hasText, refuse } from './refuse.ts';
import type { Cidr } from './value.ts';

const kinds = ['unreachable', 'blackhole', 'prohibit'] as const;

export type RouteKind = (typeof kinds)[number];

/** The way of a route: a gateway (through `dev` where that does not follow from its address), an interface, or a refusal. */
export type RouteVia =
  | { readonly via: string; readonly dev?: string }
  | { readonly dev: string }
  | { readonly kind: RouteKind };

/** `default`, or a network. An IPv6 default route is told by its gateway, or written `::/0`. EINVAL, ERANGE. */
export function destinationType(): ParamType<Cidr | 'default'> {
  const network = type.network();
  const expected = `default, or ${network.expected}`;
  return {
    kind: 'destination',
    expected,
    schema: { type: 'string' },
    candidates: ['default'],
    parse(text) {
      if (text === 'default' || text === '0.0.0.0/0') return 'default';
      return network.parse(text);
    },
    print: (value) => (value === 'default' ? value : network.print(value)),
    is: (value): value is Cidr | 'default' => value === 'default' || network.is(value),
  };
}

/** `10.7.0.1`, `fe80::1%eth0`, `eth0`, `unreachable`, `blackhole` or `prohibit`. EINVAL. */
export function viaType(): ParamType<RouteVia> {
  const expected = `a gateway (ADDRESS or ADDRESS%INTERFACE), an interface, ${kinds.join(', ')}`;
  const address = type.address();
  const ifname = type.ifname();
  return {
    kind: 'via',
    expected,
    schema: { type: 'string' },
    candidates: kinds,
    parse(text) {
      const kind = kinds.find((word) => word === text);
      if (kind !== undefined) return { kind };
      const [via = '', dev, ...rest] = text.split('%');
      if (rest.length > 0) throw refuse(expected, text);
      if (dev !== undefined) return { via: address.parse(via), dev: ifname.parse(dev) };
      // A dotted number is meant as an address also where it is a wrong one.
      return /^[0-9.]+$/.test(text) || text.includes(':') ? { via: address.parse(text) } : { dev: ifname.parse(text) };
    },
    print(value) {
      if ('kind' in value) return value.kind;
      if (!('via' in value)) return value.dev;
      return value.dev === undefined ? value.via : `${value.via}%${value.dev}`;
    },
    is: (value): value is RouteVia => hasText(value, 'via') || hasText(value, 'dev') || hasText(value, 'kind'),
  };
}
