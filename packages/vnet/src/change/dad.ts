import { isUp } from './settings.ts';
import type { Job } from './job.ts';
import { PARENT } from '../params/veth.ts';
import { farName, farStack } from './veth.ts';
import type { Wanted, WantedLink } from '../wanted/wanted.ts';

/** Whether an interface is to have IPv6 addresses that are used at once: then its link-local one must not wait either. */
export function skipsDad(want: Wanted, name: string): boolean {
  return !want.dad && want.addrs.some(({ dev, cidr }) => dev === name && cidr.family === 6);
}

/**
 * Turns duplicate address detection off on interfaces that were made for it without a carrier, then lets them begin: the kernel looks
 * at the setting when the link-local address is made, and asks no neighbour before that address is ready.
 */
export async function beginWithoutDad(job: Job, come: readonly WantedLink[]): Promise<void> {
  const links = come.filter(({ name }) => skipsDad(job.after, name));
  if (links.length === 0) return;
  job.work.send();
  job.own.setSysctls(links.map(({ name }) => off(name)));
  for (const link of links) {
    if (link.kind === 'veth') {
      const far = await farStack(job, link.end);
      const other = farName(job.image.serial, link.name, link.end);
      if (link.end.bridge === undefined) far.setSysctls([off(other)]);
      job.work.add({ at: far, tried: { param: 'up', subject: other, where: link.end.image === PARENT ? 'the parent' : link.end.image }, act: (ops) => ops.linkSet(other, { up: true }) });
    } else if (link.kind !== 'move' && isUp(job, link.name) === true) {
      const index = job.links.need(link.name, 'up');
      job.work.add({ at: job.own, tried: { param: 'up', subject: link.name }, act: (ops) => ops.linkSet(index, { up: true }) });
    }
  }
}

function off(name: string): readonly [string, string] {
  return [`net.ipv6.conf.${name.replaceAll('.', '/')}.accept_dad`, '0'];
}
