import type { ImageView, Pair, Pairs } from '@vimage/core';
import type { Namespace } from '@vimage/linux';

/** A pinned pid namespace, as the plan names it. */
export type Pinned = Pick<Namespace, 'type' | 'ino' | 'id'>;

/**
 * What stands in the slot of `proc`: two nested pid namespaces. From the *view*, the outer one, one acts on the image's
 * processes unseen by them. Pid 1 of both is imgexec. img0's has neither.
 */
export interface Vproc {
  /** Serial of the image that made it, which names its pins; undefined for img0's. */
  readonly serial: bigint | undefined;
  /** That image's name. */
  readonly image: string;
  readonly view: Pinned | undefined;
  /** The image's own. */
  readonly own: Pinned | undefined;
  /** Host pid of the view's pid 1, with its start time: its identity. */
  readonly first: { readonly pid: number; readonly start: string } | undefined;
}

export const root: Vproc = { serial: undefined, image: 'img0', view: undefined, own: undefined, first: undefined };

export function savedPairs({ view, own, first }: Vproc): Pairs {
  return [...pinPairs('view', view), ...pinPairs('own', own), ...(first === undefined ? [] : [['first', `${first.pid} ${first.start}`] satisfies Pair])];
}

function pinPairs(key: string, pinned: Pinned | undefined): readonly Pair[] {
  return pinned === undefined ? [] : [[key, `${pinned.ino} ${pinned.id ?? '-'}`]];
}

/** Reads what {@link savedPairs} wrote; undefined where it is damaged. */
export function readSaved({ serial, name }: Pick<ImageView, 'serial' | 'name'>, saved: Pairs): Vproc | undefined {
  const values = new Map(saved);
  const pinned = (key: string): Pinned | undefined => {
    const [, ino, id] = /^(\d+) (\d+|-)$/.exec(values.get(key) ?? '') ?? [];
    return ino === undefined || id === undefined ? undefined : { type: 'pid', ino: BigInt(ino), id: id === '-' ? undefined : BigInt(id) };
  };
  const [, pid, start] = /^(\d+) (\d+)$/.exec(values.get('first') ?? '') ?? [];
  const [view, own] = [pinned('view'), pinned('own')];
  if (view === undefined || own === undefined || pid === undefined || start === undefined) return undefined;
  return { serial, image: name, view, own, first: { pid: Number(pid), start } };
}
