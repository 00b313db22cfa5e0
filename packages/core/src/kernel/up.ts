import { VimageError } from '../errors.ts';
import type { Image } from '../image/image.ts';
import { canonical, changedKeys, diffPairs } from '../pairs/change.ts';
import type { Pair, Pairs } from '../pairs/pairs.ts';
import { sections } from '../pairs/sections.ts';
import { startHeld } from './start.ts';
import { destroyHeld, destroyImage, removeImage, settled } from './destroy.ts';
import type { Removal } from './destroy.ts';
import { draft } from './draft.ts';
import { isFixed, modify } from './set.ts';
import type { Hold } from '../substrate.ts';
import type { KernelState } from './state.ts';
import { sync } from './sync.ts';
import type { DestroyOptions, DestroyReport, ImageTreeSpec, UpOptions, UpStep } from './types.ts';

/**
 * Create-or-update: makes what is missing, changes what differs, leaves the rest. One failure does not stop what does not depend
 * on it; its children are not tried.
 */
export async function up(state: KernelState, trees: readonly ImageTreeSpec[], options: UpOptions = {}): Promise<readonly UpStep[]> {
  const steps: UpStep[] = [];
  const total = count(trees);
  const note = (step: UpStep): void => {
    steps.push(step);
    options.progress?.(step, steps.length, total);
  };
  const walk = async (specs: readonly ImageTreeSpec[], prefix: string): Promise<void> => {
    for (const spec of specs) {
      const name = prefix === '' ? spec.name : `${prefix}.${spec.name}`;
      const step = await attempt(name, () => upOne(state, name, spec, options));
      note(step);
      if (step.action === 'failed') continue;
      if (options.prune === true) for (const removed of await prune(state, name, spec, options)) note(removed);
      await walk(spec.children, name);
    }
  };
  await walk(trees, '');
  return steps;
}

async function attempt(name: string, act: () => Promise<UpStep>): Promise<UpStep> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof VimageError)) throw error;
    return { name, action: 'failed', detail: [error.message], error };
  }
}

async function upOne(state: KernelState, name: string, spec: ImageTreeSpec, options: UpOptions): Promise<UpStep> {
  using hold = state.substrate.hold();
  const found = await findSettled(state, name, hold);
  const persist: Pairs = sections(spec.pairs).image.some(([key]) => key === 'persist') ? [] : [['persist', 'true']];
  const wanted: Pairs = [['name', name], ...persist, ...spec.pairs.filter(([key], index) => !(key === 'name' && index === 0))];
  if (found === undefined) {
    const { notes } = await startHeld(state, wanted, hold);
    return { name, action: 'created', detail: notes };
  }
  if (isStarting(state, found)) {
    await state.mutex.run(async () => draft(state, wanted, found));
    return await anew(state, name, wanted, ['whoever made it was killed before it had started'], options, hold);
  }
  try {
    const report = await state.locked(async () => {
      await sync(state);
      return modify(state, found, renamed(canonical(wanted, state.tables), found.pairs));
    });
    return { name, action: report.changed.length > 0 ? 'changed' : 'kept', detail: [...report.changed, ...report.notes] };
  } catch (error) {
    if (options.replace !== true || !isFixed(error)) throw error;
    return await replace(state, name, found, wanted, options, hold);
  }
}

function isStarting(state: KernelState, image: Image): boolean {
  return state.records.get(image)?.starting === true;
}

/** One that is being made is waited for: if it has not started then, its maker was killed, and how far that came, nobody knows. */
async function findSettled(state: KernelState, name: string, hold: Hold): Promise<Image | undefined> {
  const found = await find(state, name);
  if (found === undefined || !isStarting(state, found)) return found;
  await hold.take(found.name, true);
  return find(state, name);
}

/** What can be checked beforehand is: an image is not destroyed for one that cannot be. */
async function replace(state: KernelState, name: string, found: Image, wanted: Pairs, options: UpOptions, hold: Hold): Promise<UpStep> {
  const changed = await state.mutex.run(async () => {
    await sync(state);
    draft(state, wanted, found);
    return diffPairs(found.pairs, renamed(canonical(wanted, state.tables), found.pairs), state.tables).flatMap(changedKeys);
  });
  return anew(state, name, wanted, changed, options, hold);
}

async function anew(state: KernelState, name: string, wanted: Pairs, why: readonly string[], options: UpOptions, hold: Hold): Promise<UpStep> {
  const { notes } = await destroyHeld(state, name, options, hold);
  const created = await startHeld(state, wanted, hold);
  return { name, action: 'replaced', detail: [...why, ...notes, ...created.notes] };
}

/** The pairs with name and parent as the image was given them. */
function renamed(pairs: Pairs, original: Pairs): Pairs {
  const named = (pair: Pair): boolean => pair[0] === 'name' || pair[0] === 'parent';
  const split = sections(pairs);
  const first = split.sections[0]?.at ?? pairs.length;
  return [...sections(original).image.filter(named), ...split.image.filter((pair) => !named(pair)), ...pairs.slice(first)];
}

function find(state: KernelState, name: string): Promise<Image | undefined> {
  return state.mutex.run(async () => {
    await sync(state);
    let image: Image | undefined = state.cimg;
    for (const segment of name.split('.')) image = image?.children.get(segment);
    return image;
  });
}

async function prune(state: KernelState, name: string, spec: ImageTreeSpec, options: DestroyOptions): Promise<readonly UpStep[]> {
  const image = await find(state, name);
  const kept = new Set(spec.children.map((child) => child.name));
  const steps: UpStep[] = [];
  for (const segment of [...(image?.children.keys() ?? [])]) {
    if (kept.has(segment)) continue;
    const child = `${name}.${segment}`;
    steps.push(await attempt(child, async () => {
      const report = await destroyImage(state, child, options);
      return { name: child, action: 'removed', detail: report.notes };
    }));
  }
  return steps;
}

function count(specs: readonly ImageTreeSpec[]): number {
  return specs.reduce((sum, spec) => sum + 1 + count(spec.children), 0);
}

/** Removes what the file names, last first; what is not there is no error. */
export async function down(state: KernelState, trees: readonly ImageTreeSpec[], options: DestroyOptions & Pick<UpOptions, 'progress'> = {}): Promise<DestroyReport> {
  state.checkOpen();
  const reports: Removal[] = [];
  const names = [...trees].reverse().map(({ name }) => name);
  for (const name of names) {
    if ((await find(state, name)) === undefined) continue;
    const report = await removeImage(state, name, options);
    reports.push(report);
    for (const removed of report.removed) options.progress?.({ name: removed, action: 'removed', detail: [] }, reports.length, names.length);
  }
  return settled(state, reports);
}
