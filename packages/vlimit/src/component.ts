import { existsSync } from 'node:fs';
import { VimageError, defineComponent, type Component, type EntryStep, type Pair, type Pairs } from '@vimage/core';
import { linuxOf } from '@vimage/linux';
import { findPlaces, unlike, wantedOf, write } from './enforce.ts';
import { cpuUsed, memoryUsed, pidsUsed } from './files.ts';
import { giveBack, noteBefore } from './giveback.ts';
import { limited, vlimitParams } from './params.ts';
import { rlimitSteps, unreached } from './rlimit.ts';
import { readSaved, root, savedPairs, type Vlimit } from './vlimit.ts';

declare module '@vimage/core' {
  interface ComponentRegistry {
    limit: { readonly instance: Vlimit; readonly params: typeof vlimitParams };
  }
}

/** The `limit` component: how much of the machine an image, and those in it, may use. */
export const vlimit: Component<'limit'> = defineComponent<'limit'>({
  name: 'limit',
  interface: 1,
  describe: 'how much it may use: CPU, memory, processes, open files',
  requires: [],
  unshared: 'an image has cgroups of its own, and what lives in it can be in those of no other',
  params: vlimitParams,

  root: () => root,

  check: ({ values: { cputime = 0 } }) => {
    if (cputime % 1000 === 0) return;
    throw new VimageError('EINVAL', `cputime ${vlimitParams.cputime.type.print(cputime)}: the kernel counts in whole seconds`, { subject: 'cputime', hint: `say ${Math.ceil(cputime / 1000)}s` });
  },

  create: (cx) => {
    const { places, unenforced } = findPlaces(cx);
    write(linuxOf(cx.substrate), cx.image, places, {}, wantedOf(cx.values), cx.note);
    return { serial: cx.image.serial, places, cpu: cx.values.cpu, unenforced };
  },

  set: async (made, cx) => {
    const lx = linuxOf(cx.substrate);
    const { image, scope, stage } = cx;
    const [before, wanted] = [wantedOf(cx.before), wantedOf(cx.values)];
    const was = { ...made };
    const lost = Object.values(made.places).some(({ dir }) => !existsSync(dir));
    const { places, unenforced } = findPlaces(cx, made.places);
    await noteBefore(stage, before);
    scope.defer(async () => {
      Object.assign(made, was);
      write(lx, image, places, wanted, before);
      await noteBefore(stage);
    });
    write(lx, image, places, lost ? unlike : before, wanted, cx.note);
    Object.assign(made, { places, unenforced, cpu: wanted.cpu });
    return { notes: unreached(image.name, cx.before, cx.values) };
  },

  save: savedPairs,

  restore: (saved, { image }) => readSaved(image, saved),

  get: ({ places: { memory, pids, usage }, unenforced }) => [
    ...(unenforced.length === 0 ? [] : [['unenforced', unenforced.join(',')] as const]),
    ...shown('memory.used', memory === undefined ? undefined : memoryUsed(memory)),
    ...shown('pids.used', pids === undefined ? undefined : pidsUsed(pids)),
    ...shown('cpu.used', usage === undefined ? undefined : cpuUsed(usage)),
  ] satisfies Pairs,

  remove: async (_made, { stage }) => {
    if ((await stage.journalled('limit')).length > 0) await stage.settle('limit', []);
    return [];
  },

  once: (cx) => (Object.keys(wantedOf(cx.values)).length === 0 ? { steps: rlimitSteps(cx) } : undefined),

  // In effective mode, too: what acts on the image is held to them. It counts in the cgroups of who started it.
  entry: (made, cx) => (made.serial === undefined ? [] : [...boundSteps(made), ...rlimitSteps(cx)]),

  giveBack,
});

/** Its cgroups have to be there: made anew they would bound nothing. */
function boundSteps({ places }: Vlimit): readonly EntryStep[] {
  const dirs = new Set(limited.flatMap((key) => places[key]?.dir ?? []));
  return [...dirs].map((dir) => ({ verb: 'within', args: [['to', dir]], mode: 'live' }));
}

function shown(key: 'memory.used' | 'pids.used' | 'cpu.used', value: number | undefined): readonly Pair[] {
  return value === undefined ? [] : [[key, vlimitParams[key].type.print(value)]];
}
