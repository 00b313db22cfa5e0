import type { EntryContext, EntryStep, ParamValues } from '@vimage/core';
import type { PerProcess, vlimitParams } from './params.ts';

/** The kernel's numbers (asm-generic/resource.h), and how many of our units are one of its. */
const resources: Readonly<Record<PerProcess, { readonly number: number; readonly unit?: number }>> = {
  cputime: { number: 0, unit: 1000 },
  fsize: { number: 1 },
  stack: { number: 3 },
  core: { number: 4 },
  files: { number: 7 },
  memlock: { number: 8 },
};

function isPerProcess(key: string): key is PerProcess {
  return Object.hasOwn(resources, key);
}

export const perProcess: readonly PerProcess[] = Object.keys(resources).filter(isPerProcess);

/** What a process that enters is put under; soft and hard limit are one, so that only CAP_SYS_RESOURCE goes beyond it. */
export function rlimitSteps({ held }: Pick<EntryContext, 'held'>): readonly EntryStep[] {
  return perProcess.flatMap((key): readonly EntryStep[] => {
    const limit = held(key);
    if (limit?.order !== 'min') return [];
    const { number, unit = 1 } = resources[key];
    const value = String(Math.floor(limit.value / unit));
    return [{ verb: 'rlimit', args: [['resource', String(number)], ['soft', value], ['hard', value]] }];
  });
}

type Values = ParamValues<typeof vlimitParams>;

/** What a change does not reach: the limits of a process that runs are its own. */
export function unreached(image: string, before: Values, now: Values): readonly string[] {
  const changed = perProcess.filter((key) => before[key] !== now[key]);
  return changed.length === 0 ? [] : [`what runs in "${image}" by now keeps its ${changed.join(', ')} until it ends (imgctl ps ${image} lists it)`];
}
