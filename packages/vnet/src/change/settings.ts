import type { LinkChange } from '@vimage/netlink';
import type { Job } from './job.ts';

/**
 * Notes mac, mtu and up or down of interfaces that stand: new ones were made so. `made` are the interfaces made in this change,
 * which begin as they should be; moved ones are not among them.
 */
export function changeSettings(job: Job, made: ReadonlySet<string>): void {
  const names = new Set([...job.after.mac.keys(), ...job.after.mtu.keys(), ...job.after.up, ...job.after.down, ...job.before.down]);
  for (const link of job.after.links) if (link.kind === 'move') names.add(link.name);
  for (const name of names) {
    if (made.has(name)) continue;
    const { change, back } = changeOf(job, name);
    if (Object.keys(change).length === 0) continue;
    const index = job.links.need(name, 'up' in change ? 'up' : 'mtu');
    job.work.add({
      at: job.own,
      tried: { param: Object.keys(change).join(' and ').replace('address', 'mac'), subject: name, hints: { EBUSY: `take "${name}" down first` } },
      act: (ops) => ops.linkSet(index, change),
      ...(job.fresh ? {} : { undo: (ops) => ops.linkSet(index, back) }),
    });
  }
  for (const [key, was, is] of [['mac', job.before.mac, job.after.mac], ['mtu', job.before.mtu, job.after.mtu]] as const) {
    for (const name of was.keys()) {
      if (!is.has(name) && !made.has(name) && job.links.find(name) !== undefined) job.notes.push(`${key} of "${name}" stays as it is until it is set again`);
    }
  }
}

function changeOf(job: Job, name: string): { readonly change: LinkChange; readonly back: LinkChange } {
  const now = job.links.now(name);
  const mac = job.after.mac.get(name);
  const mtu = job.after.mtu.get(name);
  const up = isUp(job, name);
  return {
    change: {
      ...(mac === undefined || mac === now?.address ? {} : { address: mac }),
      ...(mtu === undefined || mtu === now?.mtu ? {} : { mtu }),
      ...(up === undefined || up === now?.up ? {} : { up }),
    },
    back: {
      ...(now?.address === undefined || mac === undefined || mac === now.address ? {} : { address: now.address }),
      ...(now === undefined || mtu === undefined || mtu === now.mtu ? {} : { mtu: now.mtu }),
      ...(now === undefined || up === undefined || up === now.up ? {} : { up: now.up }),
    },
  };
}

/** What the image says of an interface: what it made or took is up unless named by `down`; of others only what is named. */
export function isUp(job: Job, name: string): boolean | undefined {
  if (job.after.down.has(name)) return false;
  if (job.after.up.has(name) || job.before.down.has(name) || job.after.links.some((link) => link.name === name)) return true;
  return undefined;
}
