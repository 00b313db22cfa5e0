import { VimageError, type Awaitable, type ImageView, type Scope, type Stage } from '@vimage/core';
import { changeForwarding } from '../forward/forward.ts';
import { bridgeType } from '../params/bridge.ts';
import { giveBackMove, takeMove } from '../move/take.ts';
import type { Vnet } from '../vnet.ts';
import { macvlanType } from '../params/macvlan.ts';
import { moveType } from '../params/move.ts';
import { vethType } from '../params/veth.ts';
import { wanted, type VnetValues, type WantedLink } from '../wanted/wanted.ts';
import { beginWithoutDad } from './dad.ts';
import { addBridge, addMacvlan, delDevice } from './devices.ts';
import { difference } from './difference.ts';
import { addItems, itemChanges, removeItems, type ItemChanges } from './items.ts';
import type { Job } from './job.ts';
import { Links } from './links.ts';
import { changeSettings } from './settings.ts';
import { changeSysctls } from './sysctls.ts';
import { addVeth, changeFarMtu, delVeth } from './veth.ts';
import { changeNetns } from './netns.ts';
import { Work } from './work.ts';

/** What a change is given. */
export interface ApplyContext {
  readonly image: ImageView;
  readonly parent: Vnet;
  readonly stage: Stage;
  readonly scope: Scope;
  readonly fresh: boolean;
  readonly tolerant?: boolean;
  peer(image: string): Awaitable<Vnet>;
}

/** Makes a stack that is as `before` says be as `after` says; only what differs is touched. One line for what stays as it was. */
export async function apply(vnet: Vnet, before: VnetValues, after: VnetValues, cx: ApplyContext): Promise<readonly string[]> {
  const job = jobOf(vnet, before, after, cx);
  const links = difference(job.before.links, job.after.links, linkText);
  const renewed = new Set([...links.gone, ...links.come].map(({ name }) => name));
  const items = itemChanges(job.before, job.after, renewed);

  await removeItems(job, items);
  for (const link of links.gone) await removeLink(job, link);
  job.work.send();
  for (const link of links.gone) if (link.kind === 'move') await giveBackMove(job, link.move);

  for (const link of links.come) if (link.kind === 'move') await takeMove(job, link.move);
  for (const link of links.come) await addLink(job, link);
  if (job.tolerant) settleLinks(job);
  await beginWithoutDad(job, links.come.filter(({ name }) => job.links.find(name) !== undefined));
  const made = new Set(links.come.filter(({ kind }) => kind !== 'move').map(({ name }) => name));
  changeSettings(job, made);
  if (!job.fresh && job.after.mtu.size > 0) await changeFarMtu(job, made);
  changeSysctls(job);
  await addItems(job, job.tolerant ? possible(job, items) : items);
  job.work.send();
  await changeForwarding(job);
  await changeNetns(job);
  if (job.before.dad !== job.after.dad && !job.fresh) job.notes.push('dad counts for addresses that are set from now on');
  return job.notes;
}

function jobOf(vnet: Vnet, before: VnetValues, after: VnetValues, cx: ApplyContext): Job {
  const notes: string[] = [];
  return {
    ...cx,
    own: vnet.stack,
    before: wanted(before),
    after: wanted(after),
    beforeValues: before,
    values: after,
    links: new Links(vnet.stack),
    tolerant: cx.tolerant ?? false,
    work: new Work(cx.scope, cx.tolerant === true ? notes : undefined),
    notes,
    peer: (image) => cx.peer(image),
  };
}

/** Interfaces whose text is the same are the same; a bridge's ports are changed in place. */
function linkText(link: WantedLink): string {
  switch (link.kind) {
    case 'move': return `if ${moveType().print(link.move)}`;
    case 'veth': return `veth ${link.name}=${vethType().print(link.end)}`;
    case 'macvlan': return `macvlan ${link.name}=${macvlanType().print(link.macvlan)}`;
    case 'bridge': return `bridge ${bridgeType().print({ ...link.bridge, ports: [] })}`;
  }
}

async function addLink(job: Job, link: WantedLink): Promise<void> {
  if (job.tolerant && job.links.find(link.name) !== undefined) return;
  try {
    await makeLink(job, link);
  } catch (error) {
    if (!job.tolerant || !(error instanceof VimageError)) throw error;
    job.notes.push(error.message);
  }
}

async function makeLink(job: Job, link: WantedLink): Promise<void> {
  if (link.kind === 'veth') await addVeth(job, link.name, link.end);
  else if (link.kind === 'macvlan') addMacvlan(job, link.name, link.macvlan);
  else if (link.kind === 'bridge') addBridge(job, link.name);
}

/** Which interfaces there are in the end decides what can be set on them. */
function settleLinks(job: Job): void {
  job.work.send();
  job.links.refresh();
}

function possible(job: Job, items: ItemChanges): ItemChanges {
  const there = ({ dev }: { readonly dev: string | undefined }): boolean => dev === undefined || job.links.find(dev) !== undefined;
  const only = <T extends { readonly dev: string | undefined }>({ gone, come }: { readonly gone: readonly T[]; readonly come: readonly T[] }) => ({ gone, come: come.filter(there) });
  return { addrs: only(items.addrs), peers: only(items.peers), routes: only(items.routes), rates: only(items.rates), ports: only(items.ports) };
}

async function removeLink(job: Job, link: WantedLink): Promise<void> {
  if (link.kind === 'veth') await delVeth(job, link.name, link.end);
  else if (link.kind === 'macvlan') delDevice(job, 'macvlan', link.name, link.macvlan);
  else if (link.kind === 'bridge') delDevice(job, 'bridge', link.name);
}
