import { VimageError } from '@vimage/core';
import { PARENT, type VethEnd } from '../params/veth.ts';
import { sysctlPath } from '../params/sysctl.ts';
import { contains } from './address.ts';
import { cannotPublish, uplinkName } from '../uplink/program.ts';
import { publishedByUplink, wanted, wantsForwarding, type VnetValues, type Wanted } from './wanted.ts';

/** Refuses what no kernel could do, before anything is done. */
export function checkValues(values: VnetValues, sees: (image: string) => boolean, self: string): void {
  const want = wanted(values);
  const names = linkNames(want);
  for (const { key, value } of values.veth ?? []) checkEnd(key, value, sees, self);
  const strict = values.path === undefined;
  const known = (name: string, key: string): void => {
    if (names.has(name) || name === 'lo' || !strict) return;
    throw new VimageError('ENODEV', `${key}: the image has no interface "${name}"`, {
      subject: name,
      hint: names.size === 0 ? 'name interfaces with if, veth, macvlan or bridge first' : `it has lo, ${[...names].join(', ')}`,
    });
  };
  for (const link of want.links) if (link.kind === 'bridge') for (const port of link.bridge.ports) known(port, 'bridge');
  checkPorts(want);
  for (const key of ['mac', 'mtu', 'addr', 'peer', 'rate'] as const) for (const item of values[key] ?? []) known(item.key, key);
  for (const key of ['up', 'down'] as const) for (const name of values[key] ?? []) known(name, key);
  for (const key of ['mac', 'mtu', 'rate'] as const) once((values[key] ?? []).map((item) => item.key), key, (name) => name);
  once(values.sysctl ?? [], 'sysctl', (item) => sysctlPath(item.key));
  once(values.addr ?? [], 'addr', (item) => `${item.key} ${item.value.address}`);
  for (const name of want.up) {
    if (want.down.has(name)) throw new VimageError('EINVAL', `"${name}" is named by both up and down`, { subject: name });
  }
  for (const { key } of values.peer ?? []) {
    if (!(values.veth ?? []).some((veth) => veth.key === key)) {
      throw new VimageError('EINVAL', `peer: "${key}" is not a veth of this image, so it has no other end`, { subject: key });
    }
  }
  for (const route of values.route ?? []) checkRoute(values, route.value, known);
  checkUplink(values, names);
  checkForwarding(values, want);
}

function linkNames(want: Wanted): Set<string> {
  const names = new Set<string>();
  for (const { name } of want.links) {
    if (name === 'lo' || names.has(name)) {
      throw new VimageError('EEXIST', `the image would have two interfaces named "${name}"`, {
        subject: name,
        hint: 'give one of them another name (if takes NAME:NEWNAME)',
      });
    }
    names.add(name);
  }
  return names;
}

function checkEnd(name: string, end: VethEnd, sees: (image: string) => boolean, self: string): void {
  if (end.image === PARENT) return;
  if (end.image === self || !sees(end.image)) {
    throw new VimageError(end.image === self ? 'EINVAL' : 'ESRCH', end.image === self ? `veth: "${name}" leads to the image itself` : `veth: no image "${end.image}"`, {
      subject: end.image,
      hint: end.image === self ? 'its other end stands in the parent (parent), on a bridge (bridge:BRIDGE) or in another image' : 'imgctl ls shows the images there are',
    });
  }
}

function checkPorts(want: Wanted): void {
  const masters = new Map<string, string>();
  for (const link of want.links) {
    if (link.kind !== 'bridge') continue;
    for (const port of link.bridge.ports) {
      const other = masters.get(port);
      if (port === link.name || port === 'lo' || other !== undefined) {
        const why = port === 'lo' ? 'lo cannot be a port' : other === undefined ? 'it would be its own port' : `it is a port of ${other} too`;
        throw new VimageError('EINVAL', `bridge ${link.name}: "${port}" cannot be its port: ${why}`, { subject: port });
      }
      masters.set(port, link.name);
    }
  }
}

function once<T>(items: readonly T[], key: string, of: (item: T) => string): void {
  const seen = new Set<string>();
  for (const item of items) {
    if (seen.has(of(item))) throw new VimageError('EEXIST', `${key} is given twice for "${of(item)}"`, { subject: key });
    seen.add(of(item));
  }
}

function checkRoute(values: VnetValues, via: NonNullable<VnetValues['route']>[number]['value'], known: (name: string, key: string) => void): void {
  if ('kind' in via) return;
  if (via.dev !== undefined) known(via.dev, 'route');
  if (!('via' in via) || via.dev !== undefined || values.path !== undefined) return;
  if ((values.addr ?? []).some(({ value }) => contains(value, via.via))) return;
  if ((values.route ?? []).some(({ key, value }) => key !== 'default' && 'dev' in value && contains(key, via.via))) return;
  throw new VimageError('ENETUNREACH', `route: the gateway ${via.via} is on no network of the image`, {
    subject: via.via,
    hint: 'give an interface an address of the gateway’s network (addr), or name the interface: GATEWAY%INTERFACE',
  });
}

function checkForwarding(values: VnetValues, want: Wanted): void {
  if (!wantsForwarding(values)) return;
  const toParent = want.links.filter((link) => link.kind === 'veth' && link.end.image === PARENT);
  const subject = (values.publish ?? []).length > 0 ? 'publish' : 'nat';
  if (toParent.length === 0) {
    throw new VimageError('EINVAL', `${subject} needs a way to the parent`, { subject, hint: 'give the image a veth: veth eth0=parent, or veth eth0=bridge:BRIDGE' });
  }
  for (const map of values.publish ?? []) {
    const family = map.address?.includes(':') === true ? 6 : 4;
    const reached = want.addrs.some(({ dev, cidr }) => toParent.some((link) => link.name === dev) && (map.address === undefined || cidr.family === family));
    if (!reached) {
      throw new VimageError('EADDRNOTAVAIL', `publish: the image has no IPv${family} address that the parent can reach`, {
        subject: 'publish',
        hint: 'give the veth to the parent an address: addr eth0=10.7.0.2/24',
      });
    }
  }
}

function checkUplink(values: VnetValues, names: ReadonlySet<string>): void {
  const { uplink = 'none' } = values;
  if (uplink === 'none') return;
  if (names.has(uplinkName)) {
    throw new VimageError('EEXIST', `the image would have two interfaces named "${uplinkName}"`, { subject: uplinkName, hint: 'that is the name of the one that leads out: give the other another name' });
  }
  if ((values.route ?? []).some(({ key, value }) => (key === 'default' || key.prefix === 0) && !('kind' in value))) {
    throw new VimageError('EINVAL', 'the image would have two ways out: uplink, and a default route', { subject: 'uplink', hint: 'leave one of them out' });
  }
  if (uplink === 'slirp4netns' && publishedByUplink(values).length > 0) throw cannotPublish(uplink);
}
