import type { ImageHandle } from '@vimage/core';
import { cut as cutStacks, heal as healStacks } from '@vimage/vnet';
import type { Vnet } from '@vimage/vnet';

/** One image, or several. */
export type Side = ImageHandle | readonly ImageHandle[];

/**
 * Parts two sides of a network: nobody of one hears anybody of the other, until {@link heal}. What they say is dropped without a word, so that they cannot tell it from a
 * dead host: connections stay, and wait. Within a side nothing changes. It goes by the addresses they have now. EINVAL: two of them have one network stack.
 */
export async function cut(a: Side, b: Side): Promise<void> {
  await between(a, b, cutStacks);
}

/** Undoes {@link cut}, of all of them or of some; fine where there is nothing to undo. */
export async function heal(a: Side, b: Side): Promise<void> {
  await between(a, b, healStacks);
}

async function between(a: Side, b: Side, act: (a: Vnet, b: Vnet) => void): Promise<void> {
  const [ours, theirs] = [await stacks(a), await stacks(b)];
  for (const one of ours) for (const other of theirs) act(one, other);
}

function stacks(side: Side): Promise<readonly Vnet[]> {
  return Promise.all((isMany(side) ? side : [side]).map((image) => image.slot('net')));
}

function isMany(side: Side): side is readonly ImageHandle[] {
  return Array.isArray(side);
}
