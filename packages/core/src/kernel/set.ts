import { VimageError, kassert } from '../errors.ts';
import type { SetContext } from '../component/component.ts';
import type { Image } from '../image/image.ts';
import { isInside } from '../image/address.ts';
import { checkAsked, replaceAsked, type Asked } from '../image/lattice.ts';
import { checkLive } from '../image/image.ts';
import { Scope } from '../scope.ts';
import { changedKeys, diffPairs, fixedKeys, mergePairs, type SectionDifference } from '../pairs/change.ts';
import type { Pairs } from '../pairs/pairs.ts';
import { dependentsOf, reach } from './cascade.ts';
import { planSteps, recordOf, undo } from './create.ts';
import { sees, visible } from './draft.ts';
import { readWhole } from './implied.ts';
import { instanceAt } from './instance.ts';
import { askedFor, askedIn } from './restrict.ts';
import { viewOf, type KernelState } from './state.ts';
import { sync } from './sync.ts';
import type { ChangeReport } from './types.ts';

/** Changes an image while it lives; keys that the change does not name stay as they are. */
export function setImage(state: KernelState, name: string, change: Pairs): Promise<ChangeReport> {
  return state.locked(async () => {
    await sync(state);
    const image = visible(state, name);
    return modify(state, image, mergePairs(image.pairs, change, state.tables));
  });
}

/** Makes an image be as `next`, canonical pairs, say. Everything is checked before anything is changed. */
export async function modify(state: KernelState, image: Image, next: Pairs): Promise<ChangeReport> {
  checkLive(image);
  if (image.parent === undefined) throw new VimageError('EPERM', 'img0 is the machine itself and has nothing to set', { subject: 'img0' });
  const said = diffPairs(image.pairs, next, state.tables);
  const lapsed = lapsedOf(state, image);
  const report = { name: image.name, changed: [...new Set([...said, ...lapsed].flatMap(changedKeys))] };
  if (said.length === 0 && lapsed.length === 0) return { ...report, notes: [] };
  for (const difference of said) checkDifference(state, image, difference);
  const now = readWhole(state, next, true);
  const was = readWhole(state, image.pairs);
  const differences = diffPairs(was.pairs, now.pairs, state.tables);
  for (const difference of differences) checkDifference(state, image, difference);
  const touched = new Set([...differences, ...lapsed].map(({ component }) => component).filter((component) => component !== ''));
  const [asked, asks] = [askedIn(state.tables, was.pairs), askedIn(state.tables, now.pairs)];
  checkRestrictions(state, image, asked, asks);
  const scope = new Scope();
  const { persist, pairs } = image;
  try {
    const stage = await state.substrate.stage({ name: image.name, serial: image.serial, persist: now.image.persist ?? false }, true);
    scope.defer(() => stage.abort());
    const notes: string[] = [];
    const contexts = new Map<number, SetContext<string>>();
    for (const component of touched) {
      const number = state.tree.component(component);
      const cx = await setContext(state, image, number, { values: now.values(component), before: was.values(component), stage, scope, notes });
      contexts.set(number, cx);
      state.component(number).check?.(cx);
    }
    const max = now.image['children.max'] ?? 0;
    const before = image.subnets.max;
    if (max !== before) {
      state.tree.setChildrenMax(image, max);
      scope.defer(() => state.tree.setChildrenMax(image, before));
    }
    const dependents = await dependentsOf(state, image, [...contexts.keys()]);
    for (const [number, cx] of contexts) {
      const component = state.component(number);
      kassert(component.set !== undefined, `${component.name} has rw parameters and no set()`);
      const done = await component.set(await instanceAt(state, image, number), cx);
      notes.push(...(done?.notes ?? []));
    }
    image.persist = now.image.persist ?? false;
    image.pairs = next;
    scope.defer(() => replaceAsked(image, asked));
    replaceAsked(image, asks);
    const record = await recordOf(state, image);
    const reached = await reach(state, dependents, scope);
    await stage.publish(record, await planSteps(state, image, stage.home));
    scope.move();
    state.records.set(image, record);
    for (const each of reached) {
      state.records.set(each.image, each.record);
      await each.stage.release();
    }
    await stage.release();
    if (reached.length > 0) notes.push(`also holds in ${reached.map((each) => each.image.name).sort().join(', ')}`);
    return { ...report, notes };
  } catch (error) {
    image.persist = persist;
    image.pairs = pairs;
    await undo(scope, error);
    throw error;
  }
}

/** What of the image's own instances has ended by itself, and is to be made so again. */
function lapsedOf(state: KernelState, image: Image): readonly SectionDifference[] {
  return image.slots.flatMap(({ kind, component: number, ref }): readonly SectionDifference[] => {
    if (kind !== 'own' || ref.setter() !== image) return [];
    const { name, lapsed } = state.component(number);
    const keys = lapsed?.(state.record(image).saved.get(name) ?? []) ?? [];
    return keys.length === 0 ? [] : [{ component: name, kind: 'changed', keys: keys.map((key) => ({ key })) }];
  });
}

const anew = 'destroy the image and create it again (up --replace does, from a file)';

/** Whether an error of {@link modify} says that the image would have to be made anew. */
export function isFixed(error: unknown): boolean {
  return error instanceof VimageError && (error.code === 'EROFS' || (error.code === 'EBUSY' && error.subject === 'children.max'));
}

/** What can only be said at creation; EROFS, EPERM. */
function checkDifference(state: KernelState, image: Image, difference: SectionDifference): void {
  const { component, kind } = difference;
  if (kind !== 'changed') {
    const what = kind === 'added' ? `has no "vir ${component}" of its own` : `was made with "vir ${component}"`;
    throw new VimageError('EROFS', `image "${image.name}" ${what}: components are chosen at creation`, {
      subject: component,
      hint: anew,
    });
  }
  for (const full of fixedKeys(difference, state.tables)) {
    throw new VimageError('EROFS', `${full} of "${image.name}" can only be given at create`, { subject: full.slice(component === '' ? 0 : component.length + 1), hint: anew });
  }
  if (component === '') return;
  const slot = image.slots[state.tree.component(component)];
  const setter = slot?.ref.setter();
  if (setter !== image) {
    throw new VimageError('EPERM', `the ${component} of "${image.name}" is set by its maker${setter === undefined ? '' : ` "${setter.name}"`} only`, {
      subject: component,
      hint: setter === undefined ? 'create an image with its own' : `imgctl set ${setter.name} ...`,
    });
  }
}

function checkRestrictions(state: KernelState, image: Image, before: readonly Asked[], next: readonly Asked[]): void {
  for (const asked of next) {
    checkAsked(image.parent, asked, (other) => isInside(other, state.cimg), askedFor(before, asked.component, asked.key));
  }
}

type Changing = Pick<SetContext<string>, 'values' | 'before' | 'stage' | 'scope'> & { readonly notes: string[] };

async function setContext(state: KernelState, image: Image, number: number, { notes, ...given }: Changing): Promise<SetContext<string>> {
  const { parent } = image;
  kassert(parent !== undefined, 'img0 is never set');
  return {
    ...given,
    image: viewOf(image),
    sees: (other) => sees(state, other),
    substrate: state.substrate,
    note: (text) => void notes.push(text),
    parent: await instanceAt(state, parent, number),
    peer: (other) => instanceAt(state, visible(state, other), number),
    slot: (other) => instanceAt(state, image, state.tree.component(other)),
    peek: (other) => (state.tables.components.has(other) ? instanceAt(state, image, state.tree.component(other)) : undefined),
  };
}
