import type { Image } from '../image/image.ts';
import { formatAddress, isInside } from '../image/address.ts';
import type { Slot } from '../image/slot.ts';
import type { Pair, Pairs } from '../pairs/pairs.ts';
import { sections } from '../pairs/sections.ts';
import type { StoredImage } from '../substrate.ts';
import { visible } from './draft.ts';
import { whole } from './implied.ts';
import { insideImages } from './inside.ts';
import { instanceAt, makerOf } from './instance.ts';
import { rowOf, saidSlots } from './row.ts';
import type { KernelState } from './state.ts';
import type { ImageInfo, Listing, SlotInfo } from './types.ts';

/** Every image inside this process's own, parents before children, by name; then the damaged, then (asked for) the dying. */
export function listImages(state: KernelState, { dying = false, inside = false }: Listing): readonly ImageInfo[] {
  const below = state.tree.subtreeBottomUp(state.cimg).filter((image) => image !== state.cimg);
  const rows = [...below.map((image) => imageInfo(state, image)), ...(inside ? insideImages(state) : [])].sort((a, b) => compareNames(a.name, b.name));
  if (state.cimg !== state.tree.img0) return rows;
  const damaged = state.damaged.map((entry): ImageInfo => ({
    ...blank, ...rowOf(entry.name, ''), state: 'damaged', error: entry.error.message,
  }));
  const left = dying ? [...state.dying.values()].map(dyingInfo) : [];
  return [...rows, ...damaged, ...left];
}

export function imageInfo(state: KernelState, image: Image): ImageInfo {
  const name = state.tree.nameFrom(state.cimg, image);
  return {
    ...rowOf(name, String(image.serial)),
    state: stateOf(state, image),
    persist: image.persist,
    address: formatAddress(image.address),
    slots: [...image.slots.map((slot): SlotInfo => ({
      component: state.component(slot.component).name, kind: slot.kind, ...ownerOf(state, slot),
    })), ...saidSlots(sections(whole(state, image.pairs)).sections.filter(({ component }) => !state.tables.components.has(component)), name)],
  };
}

/** Who made what stands in a slot. The slot itself knows less where it was loaded before its maker, or after the maker's end. */
function ownerOf(state: KernelState, slot: Slot): Pick<SlotInfo, 'owner' | 'gone'> {
  const { maker } = slot.ref;
  if (maker !== undefined) return { owner: nameHere(state, maker), ...(maker.state === 'dying' ? { gone: String(maker.serial) } : {}) };
  const { name } = state.component(slot.component);
  const said = slot.ref.sharers().map((image) => makerOf(state.records.get(image)?.saved.get(name) ?? [])).find((each) => each !== undefined);
  if (said === undefined) return { owner: nameHere(state, slot.owner) };
  const { cimg } = state;
  const owner = cimg === state.tree.img0 ? said.name : said.name.startsWith(`${cimg.name}.`) ? said.name.slice(cimg.name.length + 1) : 'img0';
  return { owner, gone: String(said.serial) };
}

function nameHere(state: KernelState, image: Image): string {
  return isInside(image, state.cimg) && image !== state.tree.img0 ? state.tree.nameFrom(state.cimg, image) : 'img0';
}

function stateOf(state: KernelState, image: Image): ImageInfo['state'] {
  if (image.state !== 'live' || state.records.get(image)?.starting !== true) return image.state;
  return state.substrate.isHeld(image.name) ? 'starting' : 'unstarted';
}

const blank = { serial: '', persist: false, address: '', slots: [] } as const;

function dyingInfo(record: StoredImage): ImageInfo {
  return { ...rowOf(record.name, String(record.serial)), state: 'dying', persist: record.persist, address: formatAddress(record.address), slots: [] };
}

/** Parents before children, children by name. */
function compareNames(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')];
  for (const [i, segment] of left.entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    if (segment !== other) return segment < other ? -1 : 1;
  }
  return left.length - right.length;
}

/** What was asked, named as this process knows it: given to create, it makes the same image again. `all` adds what is read-only. */
export async function getPairs(state: KernelState, name: string, all: boolean): Promise<Pairs> {
  const image = visible(state, name);
  const split = sections(image.pairs);
  const own = split.image.filter(([key]) => key !== 'name' && key !== 'parent');
  const pairs: Pair[] = [['name', state.tree.nameFrom(state.cimg, image)], ...own];
  for (const section of split.sections) {
    pairs.push(['vir', section.component], ...section.pairs);
    const number = state.components.findIndex((component) => component.name === section.component);
    if (!all || number < 0) continue;
    const shown = await state.component(number).get?.(await instanceAt(state, image, number));
    pairs.push(...(shown ?? []));
  }
  return pairs;
}
