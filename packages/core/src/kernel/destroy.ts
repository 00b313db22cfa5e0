import { VimageError, codeOf, kassert } from '../errors.ts';
import type { RemoveContext } from '../component/component.ts';
import { ComponentFault } from '../component/guard.ts';
import type { Image } from '../image/image.ts';
import type { Hold, Stage, StoredImage } from '../substrate.ts';
import { planSteps } from './create.ts';
import { damagedAt, damagedBelow, scrap } from './damaged.ts';
import { visible } from './draft.ts';
import { stopped, stopping, unasked, type Stops } from './hooks.ts';
import { readWhole } from './implied.ts';
import { instanceAt, letGo, makerOf } from './instance.ts';
import { checkKnown, unknownIn } from './known.ts';
import { viewOf, type KernelState } from './state.ts';
import { sync } from './sync.ts';
import type { DestroyOptions, DestroyReport } from './types.ts';

const graceDefault = 5000;

/** What has come of removing an image so far. */
export interface Removal {
  readonly removed: readonly string[];
  readonly dying: readonly StoredImage[];
  readonly notes: readonly string[];
  readonly ended: number;
}

interface Report extends Removal {
  readonly removed: string[];
  readonly dying: StoredImage[];
  readonly notes: string[];
  ended: number;
}

/**
 * Removes an image, its children first. It is marked for all to see, then its processes end without any lock held, then
 * everything is given back in reverse order of making. An image that another process is removing already is finished here.
 */
export async function destroyImage(state: KernelState, name: string, options: DestroyOptions = {}): Promise<DestroyReport> {
  return settled(state, [await removeImage(state, name, options)]);
}

/** The same, for who may hold the name already. */
export async function destroyHeld(state: KernelState, name: string, options: DestroyOptions, hold: Hold): Promise<DestroyReport> {
  return settled(state, [await removeHeld(state, name, options, hold)]);
}

/** What has come of removing images, once what was just going has gone. */
export async function settled(state: KernelState, reports: readonly Removal[]): Promise<DestroyReport> {
  const dying = reports.flatMap((report) => report.dying);
  if (state.dying.size > 0) {
    await state.locked(async () => {
      await sync(state);
      await reapDying(state);
    });
  }
  return {
    removed: reports.flatMap(({ removed }) => removed),
    ended: reports.reduce((sum, { ended }) => sum + ended, 0),
    dying: dying.filter(({ serial }) => state.dying.has(serial)).map((record) => record.name),
    notes: reports.flatMap(({ notes }) => notes),
  };
}

/** {@link destroyImage}, without waiting for what is just going: {@link settled} does, for many at once. The names are held until all is done. */
export async function removeImage(state: KernelState, name: string, options: DestroyOptions = {}): Promise<Removal> {
  using hold = state.substrate.hold();
  return await removeHeld(state, name, options, hold);
}

async function removeHeld(state: KernelState, name: string, options: DestroyOptions, hold: Hold): Promise<Removal> {
  const report: Report = { removed: [], dying: [], notes: [], ended: 0 };
  const stops: Stops = { top: undefined, asked: new Set(), notes: report.notes, left: [] };
  let doomed: readonly StoredImage[] | undefined;
  // Once more for what was made inside meanwhile, until nothing is: from then on nothing can be.
  while (doomed === undefined) {
    await stopping(state, name, hold, stops);
    doomed = await doom(state, name, options, report, stops);
  }
  for (const record of doomed) report.ended += await state.substrate.end(record, { grace: options.grace ?? graceDefault });
  if (doomed.length > 0) await finish(state, doomed, report);
  report.notes.push(...(await stopped(stops.left)));
  return report;
}

/** Marks it and those inside; those that nobody lives in are taken down at once. What is to be ended first; undefined: something inside has yet to be stopped. */
function doom(state: KernelState, name: string, options: DestroyOptions, report: Report, stops: Stops): Promise<readonly StoredImage[] | undefined> {
  return state.locked(async () => {
    await sync(state);
    const broken = damagedAt(state, name);
    if (broken !== undefined) {
      report.notes.push(...(await scrap(state, broken)));
      report.removed.push(name);
      return [];
    }
    const image = visible(state, name);
    if (image === state.cimg) throw new VimageError('EPERM', 'an image cannot remove itself from within', { subject: name, hint: 'ask in its parent' });
    if (unasked(state, image, stops).length > 0) return undefined;
    const images = state.tree.subtreeBottomUp(image);
    for (const each of images) checkKnown(state, each, 'destroy the image');
    for (const each of damagedBelow(state, image.name)) {
      report.notes.push(...(await scrap(state, each)));
      report.removed.push(each.name);
    }
    let busy = false;
    for (const each of images) busy ||= await isBusy(state, each);
    await state.substrate.doom(images.map((each) => state.record(each)));
    for (const each of images) state.tree.doom(each);
    for (const each of images) await state.substrate.revoke?.(state.record(each), options.sockets ?? 'close');
    if (!busy) {
      for (const each of images) await takeDown(state, each, report);
      return [];
    }
    return images.map((each) => state.record(each));
  });
}

async function finish(state: KernelState, doomed: readonly StoredImage[], report: Report): Promise<void> {
  await state.locked(async () => {
    await sync(state);
    for (const record of doomed) {
      const image = state.tree.bySerial(record.serial);
      if (image === undefined || image.state === 'dying') continue;
      report.ended += await state.substrate.end(record, { grace: 0 });
      await takeDown(state, image, report);
    }
  });
}

/** Whether a process lives in it. Where that cannot be told nothing is waited for: what still runs there keeps it dying. */
async function isBusy(state: KernelState, image: Image): Promise<boolean> {
  try {
    return (await state.substrate.processes(state.record(image))).length > 0;
  } catch (error) {
    if (codeOf(error) !== 'EOPNOTSUPP') throw error;
    return false;
  }
}

/** Gives back what the image took, and removes it. Its processes have ended. Runs under the root lock. */
async function takeDown(state: KernelState, image: Image, report: Report): Promise<void> {
  const record = state.record(image);
  state.tree.doom(image);
  const sharers = sharersOf(image);
  const gone = await staged(state, record, async (stage) => {
    report.notes.push(...(await removeInstances(state, image, stage)));
    return state.substrate.retire(record, stage, sharers.length > 0, false);
  });
  state.records.delete(image);
  report.removed.push(image.name);
  if (!gone) {
    report.dying.push(record);
    state.dying.set(record.serial, { ...record, state: 'dying' });
  }
  state.tree.remove(image);
  for (const sharer of sharers) await replan(state, sharer);
}

async function removeInstances(state: KernelState, image: Image, stage: Stage): Promise<readonly string[]> {
  const given = readWhole(state, image.pairs);
  const { parent } = image;
  kassert(parent !== undefined, 'img0 is never removed');
  const notes: string[] = [];
  for (const slot of [...image.slots].reverse()) {
    if (slot.kind !== 'own') continue;
    const component = state.component(slot.component);
    if (component.remove === undefined) continue;
    let instance: object | undefined;
    try {
      const cx: RemoveContext<string> = {
        image: viewOf(image),
        values: given.values(component.name),
        substrate: state.substrate,
        stage,
        parent: await instanceAt(state, parent, slot.component),
        shared: slot.ref.images().some((other) => other !== image),
      };
      instance = await instanceAt(state, image, slot.component);
      notes.push(...(await component.remove(instance, cx)));
    } catch (error) {
      if (!isLost(error, instance)) throw error;
      notes.push(`${component.name} of ${image.name}: ${error.message}`);
      const owed = await stage.journalled(component.name);
      notes.push(...(await component.giveBack?.(owed, image.name, image.serial, state.substrate) ?? []));
      if (owed.length > 0) await stage.settle(component.name, []);
    }
  }
  for (const slot of image.slots) {
    if (slot.kind === 'own' && slot.ref.images().every((other) => other === image)) letGo(state, slot.ref);
  }
  return notes;
}

/**
 * An instance, the image's or its parent's, that the kernel lost already (ESTALE), or that cannot be found because of damage to what was saved of it (EBADMSG from
 * its restoring), is no reason to keep its name; nor is a component that does not do its part: what its journal notes has to be given back all the same.
 */
function isLost(error: unknown, instance: object | undefined): error is VimageError {
  return error instanceof ComponentFault || (error instanceof VimageError && (error.code === 'ESTALE' || (error.code === 'EBADMSG' && instance === undefined)));
}

/** Images outside the subtree that share an instance of this one; its children are gone by now. */
function sharersOf(image: Image): readonly Image[] {
  const sharing = new Set<Image>();
  for (const slot of image.slots) {
    if (slot.kind === 'own') for (const other of slot.ref.images()) if (other !== image) sharing.add(other);
  }
  return [...sharing];
}

/**
 * Writes anew how to enter an image whose instance lost its maker. Where it is lost itself there is no entering, as before; where a component of it is not
 * installed here it stays as it is.
 */
async function replan(state: KernelState, image: Image): Promise<void> {
  const record = state.record(image);
  await staged(state, record, async (stage) => {
    const steps = await planSteps(state, image, stage.home).catch((error: unknown) => {
      if (!isLost(error, undefined) && codeOf(error) !== 'EOPNOTSUPP') throw error;
      return undefined;
    });
    if (steps !== undefined) await stage.publish(record, steps);
    await stage.release();
  });
}

/** Opens a stage that `act` ends; when it fails instead, the lock is given up and what was done so far stays, to be finished later. */
async function staged<T>(state: KernelState, record: StoredImage, act: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = await state.substrate.stage(record, true);
  try {
    return await act(stage);
  } catch (error) {
    // How far it came the registry says.
    state.generation = undefined;
    await stage.release();
    throw error;
  }
}

/** Ends what makers left to sharers, once the last sharer is gone, and what only needed a moment. Runs under the root lock. */
export async function reapDying(state: KernelState): Promise<readonly string[]> {
  const done: string[] = [];
  let wait = true;
  for (const record of [...state.dying.values()]) {
    if (isShared(state, record)) continue;
    const unknown = unknownIn(state, record.pairs);
    if (unknown !== undefined) {
      done.push(`"${record.name}" was left alone: it has a component "${unknown}" that is not installed here`);
      continue;
    }
    const gone = await staged(state, record, async (stage) => {
      await removeLeft(state, record, stage);
      return state.substrate.retire(record, stage, false, wait);
    });
    // The same moment is enough for all of them.
    wait = gone;
    if (!gone) continue;
    state.dying.delete(record.serial);
    done.push(`removed what was left of ${record.name}`);
  }
  return done;
}

async function removeLeft(state: KernelState, record: StoredImage, stage: Stage): Promise<void> {
  const image = viewOf(record);
  const given = readWhole(state, record.pairs);
  for (const [number, component] of [...state.components.entries()].reverse()) {
    const saved = record.saved.get(component.name);
    if (saved === undefined || makerOf(saved) !== undefined || component.remove === undefined) continue;
    const parent = await instanceAt(state, state.tree.img0, number);
    const cx: RemoveContext<string> = { image, values: given.values(component.name), substrate: state.substrate, stage, parent, shared: false };
    let instance: object | undefined;
    try {
      instance = await component.restore(saved, { image, substrate: state.substrate });
      await component.remove(instance, cx);
    } catch (error) {
      if (!isLost(error, instance)) throw error;
    } finally {
      if (instance !== undefined) component.forget?.(instance);
    }
  }
}

function isShared(state: KernelState, record: StoredImage): boolean {
  for (const ref of state.instances.values()) {
    if (ref.images().length > 0 && state.instances.get(`${ref.component}/${record.serial}`) === ref) return true;
  }
  return false;
}
