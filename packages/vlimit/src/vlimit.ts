import { VimageError, type ImageView, type Pair, type Pairs } from '@vimage/core';
import type { Bounded } from '@vimage/linux';
import { limited, type Limited } from './params.ts';

/** What is read, or limited, of an image: `usage` is the CPU time it has used. */
export type Place = Limited | 'usage';

const placeNames: readonly Place[] = [...limited, 'usage'];

/** The cgroups in which an image is limited or counted. */
export type Places = Readonly<Partial<Record<Place, Bounded>>>;

/** What stands in the slot of `limit`; of img0's there is nothing to say. */
export interface Vlimit {
  /** Serial of the image that made it; undefined for img0's. */
  readonly serial: bigint | undefined;
  places: Places;
  /** The CPUs that it asks for. */
  cpu: number | undefined;
  /** What is asked for and not enforced here. */
  unenforced: readonly Limited[];
}

export const root: Vlimit = { serial: undefined, places: {}, cpu: undefined, unenforced: [] };

export function savedPairs({ places, cpu, unenforced }: Vlimit): Pairs {
  return [
    ...placeNames.flatMap((name): readonly Pair[] => {
      const at = places[name];
      return at === undefined ? [] : [[name, `${at.kind} ${at.dir}`]];
    }),
    ...(cpu === undefined ? [] : [['cpus', String(cpu)] as const]),
    ...(unenforced.length === 0 ? [] : [['unenforced', unenforced.join(' ')] as const]),
  ];
}

/** Reads what {@link savedPairs} wrote. EBADMSG: it is damaged. */
export function readSaved({ serial, name }: Pick<ImageView, 'serial' | 'name'>, saved: Pairs): Vlimit {
  const values = new Map(saved);
  const places: Partial<Record<Place, Bounded>> = {};
  const damaged = new VimageError('EBADMSG', `what the registry keeps of the limits of "${name}" is damaged`, { subject: name, hint: `imgctl destroy ${name}, then create it again` });
  for (const key of placeNames) {
    const text = values.get(key);
    if (text === undefined) continue;
    const [, kind, dir] = /^(v1|v2) (\/.*)$/.exec(text) ?? [];
    if (dir === undefined || (kind !== 'v1' && kind !== 'v2')) throw damaged;
    places[key] = { dir, kind };
  }
  const cpu = cpusOf(saved);
  const words = values.get('unenforced')?.split(' ') ?? [];
  const unenforced = limited.filter((key) => words.includes(key));
  if (unenforced.length !== words.length || (cpu !== undefined && !(cpu > 0))) throw damaged;
  return { serial, places, cpu, unenforced };
}

function cpusOf(saved: Pairs): number | undefined {
  const text = new Map(saved).get('cpus');
  return text === undefined ? undefined : Number(text);
}

/** What the images on the machine ask of the v1 cpu hierarchy: CPUs by directory. `saved`: what each saved. */
export function cpusAsked(saved: readonly Pairs[]): ReadonlyMap<string, number> {
  return new Map(saved.flatMap((pairs): readonly (readonly [string, number])[] => {
    const [, dir] = /^v1 (\/.*)$/.exec(new Map(pairs).get('cpu') ?? '') ?? [];
    const cpu = cpusOf(pairs);
    return dir === undefined || cpu === undefined ? [] : [[dir, cpu]];
  }));
}
