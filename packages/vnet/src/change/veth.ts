import { VimageError } from '@vimage/core';
import type { Changes, LinkSpec } from '@vimage/netlink';
import { PARENT, vethType, type VethEnd } from '../params/veth.ts';
import type { Stack } from '../stack.ts';
import type { Wanted } from '../wanted/wanted.ts';
import { skipsDad } from './dad.ts';
import type { Job } from './job.ts';

/** Name of a veth's other end: the one given, or one made of the image's serial, which nobody else has. */
export function farName(serial: bigint, name: string, end: VethEnd): string {
  if (end.name !== undefined) return end.name;
  let hash = 0;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 46656;
  return `v${serial.toString(36).slice(-10)}.${hash.toString(36)}`;
}

/** The stack in which a veth's other end stands. ESRCH. */
export async function farStack(job: Job, end: VethEnd): Promise<Stack> {
  const vnet = end.image === PARENT ? job.parent : await job.peer(end.image);
  return vnet.stack;
}

/** Words for the place of the other end. */
export function farWords(end: VethEnd): string {
  return end.image === PARENT ? 'the parent' : `image "${end.image}"`;
}

/**
 * Notes a cable: made from its far side, where it may become a bridge's port at once; the near end begins in the image's stack under
 * an index that is known beforehand.
 */
export async function addVeth(job: Job, name: string, end: VethEnd): Promise<void> {
  const far = await farStack(job, end);
  const index = job.links.make(name, 'veth');
  const other = farName(job.image.serial, name, end);
  const tried = { param: 'veth', subject: `${name}=${vethType().print(end)}`, kind: 'veth', where: farWords(end) };
  const spec = vethSpec(job, far, job.after, { name, end, other, index });
  job.work.add({
    at: far,
    tried: { ...tried, hints: { EEXIST: `${farWords(end)} has an interface "${other}" already: choose another name for the other end` } },
    act: (ops) => ops.linkAdd(spec),
    undo: (ops) => ops.linkDel(other),
  });
}

/** How to lay a cable again that is taken away; undefined where its bridge is gone already. */
function backSpec(job: Job, far: Stack, cable: Cable): LinkSpec | undefined {
  try {
    return vethSpec(job, far, job.before, cable);
  } catch (error) {
    if (error instanceof VimageError) return undefined;
    throw error;
  }
}

interface Cable {
  readonly name: string;
  readonly end: VethEnd;
  readonly other: string;
  readonly index: number;
}

function vethSpec(job: Job, far: Stack, want: Wanted, { name, end, other, index }: Cable): LinkSpec {
  const mtu = want.mtu.get(name);
  const mac = want.mac.get(name) ?? (want === job.before ? job.links.now(name)?.address : undefined);
  const master = end.bridge === undefined ? undefined : bridgeIndex(far, end.bridge, end);
  return {
    kind: 'veth',
    name: other,
    up: !(want === job.after && skipsDad(want, name)),
    ...(master === undefined ? {} : { master }),
    // A port with a small mtu would make the bridge small for all.
    ...(mtu === undefined || master !== undefined ? {} : { mtu }),
    peer: {
      name,
      index,
      netns: job.own.ns.fd,
      up: !want.down.has(name),
      ...(mtu === undefined ? {} : { mtu }),
      ...(mac === undefined ? {} : { address: mac }),
    },
  };
}

function bridgeIndex(far: Stack, bridge: string, end: VethEnd): number {
  const link = far.nl.linkFind(bridge);
  if (link === undefined) {
    throw new VimageError('ENODEV', `veth: there is no bridge "${bridge}" in ${farWords(end)}`, {
      subject: bridge,
      hint: end.image === PARENT ? `make it first: ip link add ${bridge} type bridge; ip link set ${bridge} up` : `give the image one: imgctl set ${end.image} vir net bridge ${bridge}`,
    });
  }
  if (link.kind !== 'bridge') throw new VimageError('EINVAL', `veth: "${bridge}" in ${farWords(end)} is no bridge`, { subject: bridge });
  return link.index;
}

/** Notes the removal of a cable; the far end goes with the near one. */
export async function delVeth(job: Job, name: string, end: VethEnd): Promise<void> {
  const index = job.links.find(name);
  if (index === undefined) return;
  const far = await farStack(job, end).catch(() => undefined);
  const tried = { param: 'veth', subject: name };
  if (far === undefined) {
    job.links.drop(name);
    job.work.add({ at: job.own, tried, act: (ops) => ops.linkDel(index), fine: ['ENODEV'] });
    return;
  }
  const other = farName(job.image.serial, name, end);
  const back = backSpec(job, far, { name, end, other, index });
  job.links.drop(name);
  job.work.add({ at: far, tried, act: (ops: Changes<number>) => ops.linkDel(other), ...(back === undefined ? {} : { undo: (ops) => ops.linkAdd(back) }), fine: ['ENODEV'] });
}

/** Notes a new mtu for the other ends of cables that stay: with less, they would drop what the image sends in full. */
export async function changeFarMtu(job: Job, made: ReadonlySet<string>): Promise<void> {
  for (const link of job.after.links) {
    if (link.kind !== 'veth' || link.end.bridge !== undefined || made.has(link.name)) continue;
    const mtu = job.after.mtu.get(link.name);
    const was = job.links.now(link.name)?.mtu;
    if (mtu === undefined || was === undefined || mtu === was) continue;
    const far = await farStack(job, link.end);
    const other = farName(job.image.serial, link.name, link.end);
    job.work.add({
      at: far,
      tried: { param: 'mtu', subject: other, where: farWords(link.end) },
      act: (ops) => ops.linkSet(other, { mtu }),
      undo: (ops) => ops.linkSet(other, { mtu: was }),
      fine: ['ENODEV'],
    });
  }
}
