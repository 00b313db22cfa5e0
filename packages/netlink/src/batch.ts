import { RTM_DELLINK, RTM_NEWLINK } from './abi/rtnetlink.ts';
import type { Changes } from './changes.ts';
import { changes } from './changes.ts';
import type { Channel } from './channel.ts';
import { NetlinkError } from './error.ts';
import { linkGet } from './link/list.ts';
import type { LinkRef } from './names.ts';
import { checkIndex } from './names.ts';
import type { Request } from './request.ts';

/** How one operation of a batch went; in the order they were given. */
export interface BatchResult {
  readonly operation: string;
  readonly object: string;
  readonly error?: NetlinkError;
}

/**
 * Notes operations and sends them in few datagrams. The kernel does them in order; a failure does not stop the rest, and
 * a bad argument counts as the failure of its own operation. Naming an interface where an index is needed costs one look
 * at the kernel per name, and first sends what was noted before; an index costs nothing.
 */
export function runBatch(channel: Channel, fill: (ops: Changes<number>) => void): BatchResult[] {
  const results: BatchResult[] = [];
  const known = new Map<string, number>();
  let waiting: { at: number; request: Request }[] = [];
  const flush = (): void => {
    const sent = waiting;
    waiting = [];
    const undo: Request[] = [];
    channel.batch(sent.map(({ request }) => request)).forEach((error, i) => {
      const entry = sent[i];
      const result = entry === undefined ? undefined : results[entry.at];
      if (error === undefined || entry === undefined || result === undefined || result.error !== undefined) return;
      results[entry.at] = { ...result, error };
      if (entry.request.undo !== undefined) undo.push(entry.request.undo);
    });
    channel.batch(undo);
  };
  const index = (link: LinkRef): number => {
    if (typeof link === 'number') return checkIndex(link);
    const cached = known.get(link);
    if (cached !== undefined) return cached;
    if (waiting.length > 0) flush();
    const found = linkGet(channel, link).index;
    known.set(link, found);
    return found;
  };
  const ops = changes({ index }, (make): number => {
    const at = results.length;
    try {
      const requests = make();
      results.push({ operation: requests[0]?.operation ?? '', object: requests[0]?.object ?? '' });
      for (const request of requests) waiting.push({ at, request });
      if (requests.some(mayRename)) known.clear();
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      results.push({ operation: error.operation, object: error.object, error });
    }
    return at;
  });
  fill(ops);
  flush();
  return results;
}

/** After a removal or a change of an interface a name may mean another one. */
function mayRename(request: Request): boolean {
  return request.type === RTM_DELLINK || (request.type === RTM_NEWLINK && request.operation !== 'link add');
}
