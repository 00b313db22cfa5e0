import { readFileSync } from 'node:fs';
import type { Kernel } from '@vimage/core';
import { VimageError } from '@vimage/core';
import { Layout, registryRoot } from '../registry/paths.ts';
import { withBox } from './box.ts';
import { probeInside, type Probed, type Said } from './inner.ts';
import { innerProbes, outerProbes } from './list.ts';
import type { Outcome } from './outcome.ts';
import type { Maker, Probe } from './probe.ts';
import { bringing, defencesOf, type Defences } from './walls.ts';

export interface SelftestOptions {
  /** Only these probes. */
  readonly only?: readonly string[];
  /** Every defence is expected, also those that the image was not asked to have. */
  readonly strict?: boolean;
}

/**
 * Tries, in the image `name` and on this kernel, what must not be possible there; all probes, in the order of the list. Without a name: in a full box that is made for it
 * and removed. EINVAL: there is no such probe. ESRCH, EIO.
 */
export async function selftest(kernel: Kernel, name: string | undefined, options: SelftestOptions = {}): Promise<readonly Outcome[]> {
  const all = [...innerProbes, ...outerProbes];
  const unknown = options.only?.find((each) => !all.some((probe) => probe.name === each));
  if (unknown !== undefined) throw new VimageError('EINVAL', `there is no probe "${unknown}"`, { subject: unknown, hint: all.map((probe) => probe.name).join(' ') });
  if (name === undefined) return await withBox(kernel, (box) => selftest(kernel, box, options));
  const layout = new Layout(registryRoot());
  const [{ serial }, full] = [await kernel.lookup(name), await kernel.fullName(name)];
  const defences = defencesOf(layout.image(full), layout.root);
  const facts = [...defences.facts, ...(machineUsers() ? [] : ['rootless=yes'])];
  return await probeImage(kernel, { name: full, serial }, { ...defences, facts }, options);
}

/** Whether users have the same numbers here as on the machine. */
function machineUsers(): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
}

/** As {@link selftest}, of an image whose plan is known. */
export async function probeImage(kernel: Maker, image: Probed, defences: Defences, options: SelftestOptions = {}): Promise<readonly Outcome[]> {
  const wanted = ({ name }: Probe): boolean => options.only?.includes(name) ?? true;
  const judge = (probe: Probe, said: Said): Outcome => judged(probe, said, defences, options.strict === true);
  const names = innerProbes.filter(wanted);
  const inside = names.length === 0 ? new Map<string, Said>() : await probeInside(image, names.map(({ name }) => name), defences.facts);
  const outcomes = names.map((probe) => judge(probe, inside.get(probe.name) ?? { verdict: 'fail', reason: 'it told nothing' }));
  for (const probe of outerProbes.filter(wanted)) outcomes.push(judge(probe, await probe.run({ kernel, image, defences })));
  return outcomes;
}

/** What got through where nothing was to prevent it is no failure, unless all is asked for. */
function judged({ name, tries, lines, walls }: Probe, { verdict, reason }: Said, defences: Defences, strict: boolean): Outcome {
  const expected = strict || walls.some((wall) => defences.walls.has(wall));
  if (verdict === 'fail' && !expected) return { probe: name, verdict: 'na', reason: `${reason}; it takes ${bringing(walls)} to prevent it`, tries, lines };
  return { probe: name, verdict, reason, tries, lines };
}
