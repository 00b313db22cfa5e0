import type { AddrSpec, QdiscSpec, RouteSpec } from '@vimage/netlink';
import { destinationType, viaType } from '../params/route.ts';
import { cidrText } from '../wanted/address.ts';
import type { Wanted, WantedAddr, WantedLink, WantedRoute } from '../wanted/wanted.ts';
import { difference } from './difference.ts';
import type { Job } from './job.ts';
import { tbfOf } from './rate.ts';
import { farName, farStack } from './veth.ts';

/** What goes with an interface, as far as it differs: on one that is made anew everything does. */
export interface ItemChanges {
  readonly addrs: { readonly gone: readonly WantedAddr[]; readonly come: readonly WantedAddr[] };
  readonly peers: { readonly gone: readonly WantedAddr[]; readonly come: readonly WantedAddr[] };
  readonly routes: { readonly gone: readonly WantedRoute[]; readonly come: readonly WantedRoute[] };
  readonly rates: { readonly gone: readonly Rate[]; readonly come: readonly Rate[] };
  readonly ports: { readonly gone: readonly Port[]; readonly come: readonly Port[] };
}

interface Rate {
  readonly dev: string;
  readonly bits: number;
}

interface Port {
  readonly dev: string;
  readonly bridge: string;
}

/** Compares two wishes, interface by interface; `renewed` are the names whose interface is another one afterwards. */
export function itemChanges(before: Wanted, after: Wanted, renewed: ReadonlySet<string>): ItemChanges {
  let generation = 0;
  // The same text on a renewed interface is another thing: each side gets keys of its own.
  const keyed = <T>(dev: (item: T) => readonly (string | undefined)[], text: (item: T) => string) => (item: T): string =>
    dev(item).some((name) => name !== undefined && renewed.has(name)) ? `${generation++} ${text(item)}` : text(item);
  const addr = keyed<WantedAddr>(({ dev }) => [dev], ({ dev, cidr }) => `${dev} ${cidrText(cidr)}`);
  const addrs = difference(before.addrs, after.addrs, addr);
  // With its last IPv4 address an interface loses its IPv4 routes.
  const emptied = new Set(addrs.gone.filter(({ cidr }) => cidr.family === 4).map(({ dev }) => dev));
  const route = keyed<WantedRoute>(({ dev }) => [dev], routeText);
  return {
    addrs,
    peers: difference(before.peers, after.peers, addr),
    routes: difference(before.routes, after.routes, (item) => (item.dev !== undefined && emptied.has(item.dev) ? `${generation++} ${routeText(item)}` : route(item))),
    rates: difference(ratesOf(before), ratesOf(after), keyed<Rate>(({ dev }) => [dev], ({ dev, bits }) => `${dev} ${bits}`)),
    ports: difference(portsOf(before), portsOf(after), keyed<Port>(({ dev, bridge }) => [dev, bridge], ({ dev, bridge }) => `${dev} ${bridge}`)),
  };
}

function ratesOf(want: Wanted): readonly Rate[] {
  return [...want.rates].map(([dev, bits]) => ({ dev, bits }));
}

function portsOf(want: Wanted): readonly Port[] {
  return want.links.flatMap((link) => (link.kind === 'bridge' ? link.bridge.ports.map((dev) => ({ dev, bridge: link.name })) : []));
}

/** `default=10.7.0.1`. */
export function routeText({ to, via }: WantedRoute): string {
  return `${destinationType().print(to)}=${viaType().print(via)}`;
}

/** Notes what goes. An interface that is not there any more has taken its items with it. */
export async function removeItems(job: Job, { addrs, peers, routes, rates, ports }: ItemChanges): Promise<void> {
  const { work, own, links, before } = job;
  for (const { dev, bits } of rates.gone) {
    const index = links.find(dev);
    if (index === undefined || rates.come.some((rate) => rate.dev === dev)) continue;
    const undo: QdiscSpec = { dev: index, kind: 'tbf', tbf: tbfOf(bits, mtuOf(job, before, dev)) };
    work.add({ at: own, tried: { param: 'rate', subject: dev }, act: (ops) => ops.qdiscDel({ dev: index }), undo: (ops) => ops.qdiscReplace(undo), fine: ['ENOENT', 'ENODEV'] });
  }
  for (const route of routes.gone) {
    const spec = routeSpec(job, route);
    if (spec === undefined) continue;
    work.add({ at: own, tried: { param: 'route', subject: routeText(route) }, act: (ops) => ops.routeDel(spec), undo: (ops) => ops.routeAdd(spec), fine: ['ESRCH', 'ENODEV'] });
  }
  for (const addr of addrs.gone) {
    const dev = links.find(addr.dev);
    if (dev === undefined) continue;
    const spec = addrSpec(dev, addr, before.dad);
    work.add({ at: own, tried: { param: 'addr', subject: cidrText(addr.cidr) }, act: (ops) => ops.addrDel(spec), undo: (ops) => ops.addrAdd(spec), fine: ['EADDRNOTAVAIL', 'ENODEV'] });
  }
  for (const { dev, bridge } of ports.gone) {
    const index = links.find(dev);
    const master = links.find(bridge);
    if (index === undefined || master === undefined) continue;
    work.add({ at: own, tried: { param: 'bridge', subject: `${bridge}=${dev}` }, act: (ops) => ops.linkSet(index, { master: null }), undo: (ops) => ops.linkSet(index, { master }) });
  }
  for (const peer of peers.gone) await peerStep(job, before.links, peer, 'del');
}

/** Notes what comes. */
export async function addItems(job: Job, { addrs, peers, routes, rates, ports }: ItemChanges): Promise<void> {
  const { work, own, links, after } = job;
  for (const { dev, bridge } of ports.come) {
    const index = links.need(dev, 'bridge');
    const master = links.need(bridge, 'bridge');
    work.add({
      at: own,
      tried: { param: 'bridge', subject: `${bridge}=${dev}`, hints: { EINVAL: `"${dev}" cannot be the port of a bridge`, EBUSY: `"${dev}" belongs to something else already` } },
      act: (ops) => ops.linkSet(index, { master }),
      undo: (ops) => ops.linkSet(index, { master: null }),
    });
  }
  for (const addr of addrs.come) {
    const spec = addrSpec(links.need(addr.dev, 'addr'), addr, after.dad);
    work.add({ at: own, tried: { param: 'addr', subject: `${addr.dev}=${cidrText(addr.cidr)}` }, act: (ops) => ops.addrAdd(spec), undo: (ops) => ops.addrDel(spec) });
  }
  for (const route of routes.come) {
    const spec = routeSpec(job, route, 'route');
    if (spec === undefined) continue;
    work.add({ at: own, tried: { param: 'route', subject: routeText(route) }, act: (ops) => ops.routeAdd(spec), undo: (ops) => ops.routeDel(spec) });
  }
  for (const { dev, bits } of rates.come) {
    const index = links.need(dev, 'rate');
    const had = job.before.rates.get(dev);
    const spec: QdiscSpec = { dev: index, kind: 'tbf', tbf: tbfOf(bits, mtuOf(job, after, dev)) };
    work.add({
      at: own,
      tried: { param: 'rate', subject: dev, kind: 'tbf' },
      act: (ops) => ops.qdiscReplace(spec),
      undo: (ops) => (had === undefined ? ops.qdiscDel({ dev: index }) : ops.qdiscReplace({ ...spec, tbf: tbfOf(had, mtuOf(job, job.before, dev)) })),
    });
  }
  for (const peer of peers.come) await peerStep(job, after.links, peer, 'add');
}

function addrSpec(dev: number, { cidr }: WantedAddr, dad: boolean): AddrSpec {
  return { dev, address: cidrText(cidr), ...(cidr.family === 6 && !dad ? { flags: ['nodad'] } : {}) };
}

function routeSpec(job: Job, { to, via, dev }: WantedRoute, need?: string): RouteSpec | undefined {
  const dst = to === 'default' ? 'default' : cidrText(to);
  const family = to === 'default' ? {} : { family: to.family === 6 ? ('inet6' as const) : ('inet' as const) };
  if ('kind' in via) return { dst, ...family, type: via.kind };
  const index = dev === undefined ? undefined : need === undefined ? job.links.find(dev) : job.links.need(dev, need);
  if (dev !== undefined && index === undefined) return undefined;
  return { dst, ...family, ...('via' in via ? { gateway: via.via } : {}), ...(index === undefined ? {} : { dev: index }) };
}

async function peerStep(job: Job, links: readonly WantedLink[], { dev, cidr }: WantedAddr, verb: 'add' | 'del'): Promise<void> {
  const link = links.find(({ name }) => name === dev);
  if (link?.kind !== 'veth') return;
  const far = await farStack(job, link.end);
  const spec: AddrSpec = { dev: farName(job.image.serial, dev, link.end), address: cidrText(cidr), ...(cidr.family === 6 ? { flags: ['nodad'] } : {}) };
  const tried = { param: 'peer', subject: `${dev}=${cidrText(cidr)}` };
  job.work.add(
    verb === 'add'
      ? { at: far, tried, act: (ops) => ops.addrAdd(spec), undo: (ops) => ops.addrDel(spec) }
      : { at: far, tried, act: (ops) => ops.addrDel(spec), undo: (ops) => ops.addrAdd(spec), fine: ['EADDRNOTAVAIL', 'ENODEV'] },
  );
}

function mtuOf(job: Job, want: Wanted, dev: string): number {
  return want.mtu.get(dev) ?? job.links.now(dev)?.mtu ?? 1500;
}
