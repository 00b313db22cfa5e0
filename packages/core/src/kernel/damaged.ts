import { VimageError } from '../errors.ts';
import type { DamagedImage } from '../substrate.ts';
import type { KernelState } from './state.ts';

/** The entry of that name that could not be read, where this process may see it. */
export function damagedAt(state: KernelState, name: string): DamagedImage | undefined {
  return state.cimg === state.tree.img0 ? state.damaged.find((each) => each.name === name) : undefined;
}

/** Entries below an image that could not be read. */
export function damagedBelow(state: KernelState, name: string): readonly DamagedImage[] {
  return state.damaged.filter((each) => each.name.startsWith(`${name}.`));
}

/** EBADMSG for whoever names it: why, and how to get rid of it. */
export function damagedError({ name, error, foreign }: DamagedImage): VimageError {
  const way = foreign === true ? [] : [`imgctl destroy ${name} removes it, with what can still be told of it`];
  return new VimageError('EBADMSG', `image "${name}" is damaged: ${error.message}`, {
    subject: name,
    hint: [...(error.hint === undefined ? [] : [error.hint]), ...way].join('\n'),
    cause: error,
  });
}

/** Removes what could not be read; one line per thing done. EBUSY, or the damage itself where it is none of ours. Runs under the root lock. */
export async function scrap(state: KernelState, image: DamagedImage): Promise<readonly string[]> {
  if (image.foreign === true) throw damagedError(image);
  const sharer = (serial: bigint): string | undefined => {
    for (const number of state.components.keys()) {
      const [other] = state.instances.get(`${number}/${serial}`)?.images() ?? [];
      if (other !== undefined) return other.name;
    }
    return undefined;
  };
  return state.substrate.scrap(image, state.giveBack, sharer);
}
