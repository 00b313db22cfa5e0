import { readdirSync } from 'node:fs';
import { VimageError, codeOf, type CreateContext, type ImageView, type ParamValues } from '@vimage/core';
import { linuxOf, type Bounded, type LinuxSubstrate } from '@vimage/linux';
import { writeCpu, writeMemory } from './files.ts';
import { limited, type Limited, type vlimitParams } from './params.ts';
import { cpusAsked, type Place, type Places } from './vlimit.ts';

export type LimitValues = ParamValues<typeof vlimitParams>;

/** What a cgroup is to limit, of all that was asked. */
export type Wanted = Readonly<Partial<Record<Limited, number>>>;

/** What nothing is like, so that all is written: of limits that may have come to anything. */
export const unlike: Wanted = Object.fromEntries(limited.map((key) => [key, NaN]));

export function wantedOf(values: LimitValues): Wanted {
  return Object.fromEntries(limited.flatMap((key) => (values[key] === undefined ? [] : [[key, values[key]]])));
}

/** Where an image is limited and counted, and what of it cannot be. */
export interface Found {
  readonly places: Places;
  readonly unenforced: readonly Limited[];
}

/**
 * Finds where what is wanted can be limited, making cgroups where that takes some; memory and processes have theirs also where nothing is
 * wanted, as they are to be counted from the first process on. EOPNOTSUPP: not here, and not optional.
 */
export function findPlaces({ image, values, substrate, note }: Pick<CreateContext<'limit'>, 'image' | 'values' | 'substrate' | 'note'>, before: Places = {}): Found {
  const lx = linuxOf(substrate);
  const places: Partial<Record<Place, Bounded>> = {};
  const unenforced: Limited[] = [];
  const wanted = wantedOf(values);
  for (const key of limited) {
    if (key === 'cpu' && wanted.cpu === undefined && before.cpu === undefined) continue;
    try {
      places[key] = lx.bounded(image, key);
    } catch (error) {
      if (!(error instanceof VimageError) || error.code !== 'EOPNOTSUPP') throw error;
      if (wanted[key] === undefined) continue;
      if (values.optional?.includes(key) !== true) throw new VimageError('EOPNOTSUPP', error.message, { subject: key, hint: `${error.hint ?? ''}; or say that it may go unenforced: optional ${key}`, cause: error });
      unenforced.push(key);
      note(`${key} is not limited: ${error.message}`);
    }
  }
  const usage = countCpu(lx, image);
  return { places: { ...places, ...(usage === undefined ? {} : { usage }) }, unenforced };
}

function countCpu(lx: LinuxSubstrate, image: ImageView): Bounded | undefined {
  try {
    return lx.bounded(image, 'cpuacct');
  } catch (error) {
    if (codeOf(error) !== 'EOPNOTSUPP') throw error;
    return undefined;
  }
}

/** Writes what has changed from `before` to `wanted`, into the cgroups that there are. Done in reverse it takes that back. */
export function write(lx: LinuxSubstrate, image: Pick<ImageView, 'name' | 'serial'>, places: Places, before: Wanted, wanted: Wanted, note: (text: string) => void = () => undefined): void {
  const { memory, pids, cpu } = places;
  if (memory !== undefined && before.memory !== wanted.memory && !writeMemory(memory, wanted.memory) && wanted.memory !== undefined) {
    note('memory is limited without swap, which this kernel does not count for cgroups');
  }
  if (pids !== undefined && before.pids !== wanted.pids) lx.pidsLimit(image, 'limit', wanted.pids);
  if (cpu !== undefined && before.cpu !== wanted.cpu) writeCpu(cpu, wanted.cpu, () => (isAlone(cpu) ? new Map() : cpusAsked(lx.savedBy('limit'))));
}

/** Whether a cgroup is in that of no other image, and none is in it. */
function isAlone({ dir }: Bounded): boolean {
  return !/\/\d+\/\d+$/.test(dir) && !readdirSync(dir).some((name) => /^\d+$/.test(name));
}
