import { VimageError, codeOf } from '../errors.ts';
import type { CheckContext } from '../component/component.ts';
import type { Image } from '../image/image.ts';
import { isInside } from '../image/address.ts';
import type { Asked } from '../image/lattice.ts';
import { splitName } from '../image/name.ts';
import type { ParamTable, ParamValues } from '../param/param.ts';
import { canonical } from '../pairs/change.ts';
import { parseImage } from '../pairs/parse.ts';
import type { Pairs } from '../pairs/pairs.ts';
import { damagedAt, damagedError } from './damaged.ts';
import { broughtBy, whole } from './implied.ts';
import { checkAround } from './known.ts';
import { askedIn } from './restrict.ts';
import type { KernelState } from './state.ts';
import type { Plan, SlotInfo } from './types.ts';

/** A section of an image to be made. */
export interface DraftSlot {
  readonly component: number;
  readonly values: ParamValues<ParamTable>;
  /** The image shared from; undefined: an own instance. */
  readonly share: Image | undefined;
}

/** An image that passed every check, and that nothing was done for yet. */
export interface Draft {
  readonly parent: Image;
  readonly segment: string;
  /** Full name from the registry's root. */
  readonly name: string;
  readonly persist: boolean;
  readonly childrenMax: number;
  /** Canonical; name and parent as the caller knows them. */
  readonly pairs: Pairs;
  /** In dependency order. */
  readonly slots: readonly DraftSlot[];
  readonly asked: readonly Asked[];
}

/**
 * Reads and checks everything; nothing is changed. The errors are those of pairs, tree, lattice and the components. `replaced`: the
 * image of this name that will be gone by then.
 */
export function draft(state: KernelState, pairs: Pairs, replaced?: Image): Draft {
  const asked = parseImage(pairs, state.tables, { access: 'create' });
  const all = whole(state, pairs, true);
  const parsed = all === pairs ? asked : parseImage(all, state.tables, { access: 'create' });
  const { parent, segment } = place(state, parsed.image.name, parsed.image.parent);
  checkAround(state, parent);
  const name = parent.parent === undefined ? segment : `${parent.name}.${segment}`;
  const broken = damagedAt(state, name);
  if (broken !== undefined) throw damagedError(broken);
  const slots: DraftSlot[] = [];
  for (const [number, component] of state.components.entries()) {
    const section = parsed.sections.get(component.name);
    if (section === undefined) continue;
    for (const required of component.requires ?? []) checkRequired(state, parent, component.name, required, parsed.sections.has(required));
    const share = section.share === undefined ? undefined : visible(state, section.share);
    if (share !== undefined && component.unshared !== undefined) {
      throw new VimageError('EOPNOTSUPP', `"vir ${component.name}" cannot be shared: ${component.unshared}`, { subject: component.name, hint: `give the image its own "vir ${component.name}", or make it inside "${share.name}"` });
    }
    if (share !== undefined) checkAround(state, share);
    slots.push({ component: number, values: section.values, share });
  }
  for (const slot of slots) checkShared(state, slot, slots);
  const made: Draft = {
    parent,
    segment,
    name,
    persist: parsed.image.persist ?? false,
    childrenMax: parsed.image['children.max'] ?? 0,
    // Told only where it is kept: not of an image for one command.
    get pairs() {
      return canonical(pairs, state.tables);
    },
    slots,
    asked: askedIn(state.tables, all),
  };
  state.tree.check(
    { parent, name: segment, serial: -1n, childrenMax: made.childrenMax, asked: made.asked },
    (image) => isInside(image, state.cimg),
    replaced,
  );
  for (const slot of slots) {
    if (slot.share === undefined) state.component(slot.component).check?.(checkContext(state, made, slot, -1n));
  }
  return made;
}

/** Who shares what brings others along has to say what he has of those: without them it would be less than he asked for. EINVAL. */
function checkShared(state: KernelState, { component: number, share }: DraftSlot, slots: readonly DraftSlot[]): void {
  const { name, implied } = state.component(number);
  const maker = share?.slots[number]?.ref.maker;
  if (share === undefined || implied === undefined || maker === undefined || maker.parent === undefined) return;
  const without = broughtBy(state, maker.pairs, name).filter((each) => !slots.some(({ component }) => state.component(component).name === each));
  if (without.length === 0) return;
  throw new VimageError('EINVAL', `"vir ${name} share ${share.name}" is without ${without.join(', ')}, which "vir ${name}" brought to "${maker.name}"`, {
    subject: name, hint: `add: ${without.map((each) => `vir ${each} share ${share.name}`).join(' ')}`,
  });
}

export function checkContext(state: KernelState, made: Draft, slot: DraftSlot, serial: bigint): CheckContext<string> {
  return {
    image: { name: made.name, serial, persist: made.persist },
    values: slot.values,
    sees: (image) => sees(state, image),
  };
}

/** Another image that this process may name; ESRCH, or EBADMSG where its entry is damaged. */
export function visible(state: KernelState, name: string): Image {
  const broken = damagedAt(state, name);
  if (broken !== undefined) throw damagedError(broken);
  return state.tree.lookup(state.cimg, name);
}

/** Whether this process may name that image. */
export function sees(state: KernelState, name: string): boolean {
  try {
    visible(state, name);
    return true;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

function place(state: KernelState, name: string | undefined, parentName: string | undefined): { parent: Image; segment: string } {
  if (name === undefined) {
    throw new VimageError('EINVAL', 'the image has no name', { subject: 'name', hint: 'begin with: name NAME' });
  }
  const segments = splitName(name);
  const segment = segments.at(-1);
  if (segment === undefined) throw new VimageError('EINVAL', '"." is the image you are in: expected another name', { subject: 'name' });
  const above = [...(parentName === undefined ? [] : splitName(parentName)), ...segments.slice(0, -1)].join('.');
  try {
    return { parent: above === '' ? state.cimg : visible(state, above), segment };
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
    throw new VimageError('ESRCH', `no image "${above}" to make "${segment}" in`, {
      subject: above,
      hint: 'create the parent first, with children.max above 0; imgctl ls shows what there is',
      cause: error,
    });
  }
}

function checkRequired(state: KernelState, parent: Image, name: string, required: string, given: boolean): void {
  if (given) return;
  const slot = parent.slots[state.tree.component(required)];
  if (slot !== undefined && slot.owner !== state.tree.img0) return;
  throw new VimageError('EINVAL', `"vir ${name}" requires "vir ${required}" in the same image`, { subject: required, hint: `add: vir ${required}` });
}

/** What creating it would do. */
export function planOf(state: KernelState, made: Draft): Plan {
  const asked = new Map(made.slots.map((slot) => [slot.component, slot]));
  const slots = state.components.map((component, number): SlotInfo => {
    const slot = asked.get(number);
    if (slot === undefined) return { component: component.name, kind: 'inherit', owner: made.parent.slots[number]?.owner.name ?? 'img0' };
    if (slot.share === undefined) return { component: component.name, kind: 'own', owner: made.name };
    return { component: component.name, kind: 'share', owner: slot.share.slots[number]?.owner.name ?? slot.share.name };
  });
  return { name: made.name, pairs: made.pairs, slots, creates: slots.filter(({ kind }) => kind === 'own').map(({ component }) => component) };
}
