import type { Stage } from '@vimage/core';
import type { VnetValues } from './wanted/wanted.ts';

/** Which files of /etc the image has of its own. */
export interface OwnFiles {
  readonly resolv: boolean;
  readonly hosts: boolean;
}

/** What values ask for. */
export function filesOf(values: VnetValues): OwnFiles {
  const some = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0;
  return { resolv: some(values.dns) || some(values['dns.search']), hosts: some(values.hosts) };
}

/** Text of resolv.conf(5). */
export function resolvText(values: VnetValues): string {
  const search = values['dns.search'] ?? [];
  return [...(search.length > 0 ? [`search ${search.join(' ')}`] : []), ...(values.dns ?? []).map((server) => `nameserver ${server}`), ''].join('\n');
}

/** Text of hosts(5): this machine's own names, then those given. */
export function hostsText(values: VnetValues): string {
  const own = ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback'];
  return [...own, ...(values.hosts ?? []).map(({ key, value }) => `${value}\t${key}`), ''].join('\n');
}

/** Writes what differs. A file keeps its inode, so that running programs see the new text; lines where they cannot. */
export async function writeFiles(stage: Stage, before: VnetValues, after: VnetValues): Promise<readonly string[]> {
  const had = filesOf(before);
  const has = filesOf(after);
  if (has.resolv && (!had.resolv || resolvText(before) !== resolvText(after))) await stage.file('net', 'resolv.conf', resolvText(after));
  if (has.hosts && (!had.hosts || hostsText(before) !== hostsText(after))) await stage.file('net', 'hosts', hostsText(after));
  return [...note('/etc/resolv.conf', had.resolv, has.resolv), ...note('/etc/hosts', had.hosts, has.hosts)];
}

function note(path: string, had: boolean, has: boolean): readonly string[] {
  if (had === has) return [];
  return [`${path}: programs that run keep the one they have; those started from now on get the ${has ? 'image’s' : 'parent’s'}`];
}
