import type { EntryStep, Pair, Pairs, Restriction } from '@vimage/core';
import type { RootOutside } from '@vimage/linux';

/** What stands in the slot of `fs`: how the view is made. img0's is the machine's own and has no steps. */
export interface Vfs {
  /** Serial of the image that made it; undefined for img0's. */
  readonly serial: bigint | undefined;
  /** That image's name. */
  readonly image: string;
  /** Where its root was unpacked, on the host. */
  readonly unpacked: string | undefined;
  /** Replaced as a whole by a change. */
  steps: readonly EntryStep[];
  /** Where the place of the registry of those who live in it has to be made, and can be. */
  registry: readonly string[];
}

export const machineFs: Vfs = { serial: undefined, image: 'img0', unpacked: undefined, steps: [], registry: [] };

export function savedPairs({ unpacked, steps, registry }: Vfs): Pairs {
  return [
    ...registry.map((place): Pair => ['registry', place]),
    ...(unpacked === undefined ? [] : [['unpacked', unpacked] satisfies Pair]),
    ...steps.flatMap(({ verb, args }): Pairs => [['step', verb], ...args]),
  ];
}

/** Reads what {@link savedPairs} wrote. */
export function readSaved(saved: Pairs): Pick<Vfs, 'unpacked' | 'steps' | 'registry'> {
  let unpacked: string | undefined;
  const registry: string[] = [];
  const steps: { verb: string; args: Pair[]; ask: true }[] = [];
  for (const [key, value] of saved) {
    const last = steps.at(-1);
    if (key === 'step') steps.push({ verb: value, args: [], ask: true });
    else if (last !== undefined) last.args.push([key, value]);
    else if (key === 'unpacked') unpacked = value;
    else if (key === 'registry') registry.push(value);
  }
  return { unpacked, steps, registry };
}

/** Steps with what is in memory belonging to the image's root, where that is another than the machine's. */
export function ownedBy(steps: readonly EntryStep[], root: RootOutside | undefined): readonly EntryStep[] {
  if (root === undefined) return steps;
  return steps.map((step) => {
    const args = new Map(step.args);
    if (args.get('fs') !== 'tmpfs' || args.get('flags')?.split(',').includes('ro') === true) return step;
    return { ...step, args: step.args.map(([key, value]): Pair => (key === 'data' ? [key, `${value},uid=${root.uid},gid=${root.gid}`] : [key, value])) };
  });
}

/** Steps with the files of the image's own where they are now: the directory moves when the image is destroyed and another shares what it made. */
export function inHome(steps: readonly EntryStep[], home: string): readonly EntryStep[] {
  return steps.map((step) => ({ ...step, args: step.args.map(([key, value]): Pair => (key === 'from' && !value.startsWith('/') ? [key, `${home}/${value}`] : [key, value])) }));
}

/** The steps where `suid` holds as that says. */
export function heldSuid(steps: readonly EntryStep[], suid: Restriction | undefined): readonly EntryStep[] {
  return suid?.order === 'and' && !suid.value ? steps.map(nosuid) : steps;
}

function nosuid(step: EntryStep): EntryStep {
  return { ...step, args: step.args.map(([key, value]): Pair => (key === 'flags' && !value.split(',').includes('nosuid') ? [key, `${value},nosuid`] : [key, value])) };
}
