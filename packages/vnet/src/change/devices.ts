import { VimageError } from '@vimage/core';
import type { LinkSpec } from '@vimage/netlink';
import { macvlanType, type MacvlanSpec } from '../params/macvlan.ts';
import type { Wanted } from '../wanted/wanted.ts';
import { skipsDad } from './dad.ts';
import type { Job } from './job.ts';

/** Notes a macvlan over an interface of the parent; it begins in the image's stack. */
export function addMacvlan(job: Job, name: string, macvlan: MacvlanSpec): void {
  const far = job.parent.stack;
  const under = far.nl.linkFind(macvlan.over);
  const subject = `${name}=${macvlanType().print(macvlan)}`;
  if (under === undefined) {
    throw new VimageError('ENODEV', `macvlan: there is no interface "${macvlan.over}" in the parent`, { subject: macvlan.over, hint: parentHas(job) });
  }
  const index = job.links.make(name, 'macvlan');
  const spec = macvlanSpec(job, job.after, { name, mode: macvlan.mode, index, link: under.index });
  job.work.add({
    at: far,
    tried: {
      param: 'macvlan', subject, kind: 'macvlan',
      hints: { EBUSY: `"${macvlan.over}" is the port of a bridge, or already has a macvlan of another mode`, EINVAL: `"${macvlan.over}" is of a kind that cannot carry a macvlan` },
    },
    act: (ops) => ops.linkAdd(spec),
  });
  if (job.fresh) return;
  job.scope.defer(() => {
    if (job.own.nl.linkFind(index) !== undefined) job.own.nl.linkDel(index);
  });
}

interface Over {
  readonly name: string;
  readonly mode: MacvlanSpec['mode'];
  readonly index: number;
  readonly link: number;
}

function macvlanSpec(job: Job, want: Wanted, { name, mode, index, link }: Over): LinkSpec {
  return { kind: 'macvlan', name, index, link, mode, netns: job.own.ns.fd, ...settings(want, name, want === job.after) };
}

/** Notes a bridge in the image's stack. */
export function addBridge(job: Job, name: string): void {
  const index = job.links.make(name, 'bridge');
  const spec: LinkSpec = { kind: 'bridge', name, index, ...settings(job.after, name, true) };
  job.work.add({
    at: job.own,
    tried: { param: 'bridge', subject: name, kind: 'bridge' },
    act: (ops) => ops.linkAdd(spec),
    undo: (ops) => ops.linkDel(index),
  });
}

function settings(want: Wanted, name: string, fresh: boolean): { up: boolean; mtu?: number; address?: string } {
  const mtu = want.mtu.get(name);
  const mac = want.mac.get(name);
  return { up: !want.down.has(name) && !(fresh && skipsDad(want, name)), ...(mtu === undefined ? {} : { mtu }), ...(mac === undefined ? {} : { address: mac }) };
}

/** Notes the removal of a bridge or macvlan. */
export function delDevice(job: Job, param: 'bridge' | 'macvlan', name: string, macvlan?: MacvlanSpec): void {
  const index = job.links.find(name);
  if (index === undefined) return;
  const under = macvlan === undefined ? undefined : job.parent.stack.nl.linkFind(macvlan.over);
  const address = job.links.now(name)?.address;
  job.links.drop(name);
  const back: LinkSpec | undefined =
    macvlan === undefined ? { kind: 'bridge', name, index, ...settings(job.before, name, false), ...(address === undefined ? {} : { address }) }
      : under === undefined ? undefined : macvlanSpec(job, job.before, { name, mode: macvlan.mode, index, link: under.index });
  job.work.add({
    at: job.own,
    tried: { param, subject: name },
    act: (ops) => ops.linkDel(index),
    fine: ['ENODEV'],
    ...(param === 'bridge' && back !== undefined ? { undo: (ops) => ops.linkAdd(back) } : {}),
  });
  if (param === 'macvlan' && back !== undefined) {
    job.scope.defer(() => {
      if (job.own.nl.linkFind(name) === undefined) job.parent.stack.nl.linkAdd(back);
    });
  }
}

/** What the parent has, for a hint. */
export function parentHas(job: Job): string {
  const names = job.parent.stack.nl.linkList({ noStats: true }).map((link) => link.name);
  return names.length > 20 ? `it has ${names.length} interfaces` : `it has ${names.join(', ')}`;
}
