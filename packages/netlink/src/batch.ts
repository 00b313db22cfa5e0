import { RTM_DELLINK, RTM_NEWLINK } from './abi/rtnetlink.ts';
import type { Changes } from './changes.ts';
import { changes } from './changes.ts';
import type { Channel } from './channel.ts';
import { NetlinkError } from './error.ts';
import { linkIndex } from './link/list.ts';
import type { LinkRef } from './names.ts';
import { checkIndex } from './names.ts';
import type { Request } from './request.ts';

/** How one operation of a batch went; in the order they were given. */
export interface BatchResult {
  readonly operation: string;
  readonly object: string;
  readonly error?: NetlinkError;
}

interface Entry {
  readonly at: number;
  readonly request: Request;
}

/**
 * Notes operations and sends them in few datagrams. The kernel does them in order; a failure does not stop the rest, and
 * a bad argument counts as the failure of its own operation. Naming an interface where an index is needed costs one look
 * at the kernel per name, and first sends what was noted before; an index costs nothing.
 */
export function runBatch(channel: Channel, fill: (ops: Changes<number>) => void): BatchResult[] {
  const queue = new Queue(channel);
  const known = new Map<string, number>();
  const index = (link: LinkRef): number => {
    if (typeof link === 'number') return checkIndex(link);
    const cached = known.get(link);
    if (cached !== undefined) return cached;
    queue.flush();
    const found = linkIndex(channel, link);
    known.set(link, found);
    return found;
  };
  const ops = changes({ index }, (make): number => {
    try {
      const requests = make();
      if (requests.some(mayRename)) known.clear();
      return queue.add(requests);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      return queue.fail(error);
    }
  });
  fill(ops);
  queue.flush();
  return queue.results;
}

/** What was noted and not yet sent. The second step of an operation is sent only once the first is known to have succeeded. */
class Queue {
  readonly results: BatchResult[] = [];
  readonly #channel: Channel;
  #first: Entry[] = [];
  #second: Entry[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  add(requests: readonly Request[]): number {
    const [first, second, ...rest] = requests;
    // The first steps of pairs in a row do not depend on each other's second, so they may go together; all else keeps its order.
    const pair = second?.undo !== undefined && rest.length === 0;
    if (this.#second.length > 0 && !pair) this.flush();
    const at = this.results.length;
    this.results.push({ operation: first?.operation ?? '', object: first?.object ?? '' });
    if (first !== undefined) this.#first.push({ at, request: first });
    if (second !== undefined) this.#second.push({ at, request: second });
    for (const request of rest) {
      this.flush();
      this.#second.push({ at, request });
    }
    if (!pair && second !== undefined) this.flush();
    return at;
  }

  fail(error: NetlinkError): number {
    return this.results.push({ operation: error.operation, object: error.object, error }) - 1;
  }

  flush(): void {
    const [first, second] = [this.#first, this.#second];
    this.#first = [];
    this.#second = [];
    this.#send(first);
    const failed = this.#send(second.filter(({ at }) => this.results[at]?.error === undefined));
    this.#channel.batch(failed.flatMap(({ request }) => request.undo ?? []));
  }

  #send(entries: readonly Entry[]): Entry[] {
    const errors = this.#channel.batch(entries.map(({ request }) => request));
    return entries.filter(({ at }, i) => {
      const error = errors[i];
      const result = this.results[at];
      if (error !== undefined && result !== undefined) this.results[at] = { ...result, error };
      return error !== undefined;
    });
  }
}

/** After a removal or a change of an interface a name may mean another one. */
function mayRename(request: Request): boolean {
  return request.type === RTM_DELLINK || (request.type === RTM_NEWLINK && request.operation !== 'link add');
}
