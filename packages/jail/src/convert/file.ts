import { VimageError, type FileImage, type ForeignFile, type ForeignNote, type Pair, type Place } from '@vimage/core';
import { readJailConf } from '../conf/read.ts';
import type { ConfJail, ConfSource } from '../conf/types.ts';
import { inOrder } from './order.ts';
import { convert, isList, type Converted } from './param.ts';
import { boolean } from './values.ts';

interface Placed {
  readonly pair: Pair;
  readonly place: Place;
}

/** jail.conf(5) as images, in dependency order, with what has become of each parameter. EINVAL, ELOOP, with the place. */
export function readJailFile(text: string, source: ConfSource): ForeignFile {
  const notes: ForeignNote[] = [];
  const jails = inOrder(readJailConf(text, source)).map((jail) => ({ name: jail.name, image: imageOf(jail, source, notes) }));
  return { images: nested(jails), notes };
}

function imageOf(jail: ConfJail, source: ConfSource, notes: ForeignNote[]): FileImage {
  const value = (key: string): string | undefined => jail.params.find(({ name }) => name === key)?.values[0];
  const vnet = value('vnet');
  const around = { path: value('path'), vnet: vnet !== undefined && boolean(vnet) === 'true', source };
  const image: Placed[] = [];
  const section: Placed[] = [];
  const others = new Map<string, Placed[]>();
  for (const param of [...jail.params].sort((a, b) => rank(a.name) - rank(b.name))) {
    const made = placed(param.place, () => convert(param, around));
    notes.push({ image: jail.name, key: param.name, ...made.fate, place: param.place });
    image.push(...made.image.map((pair) => ({ pair, place: param.place })));
    section.push(...made.jail.map((pair) => ({ pair, place: param.place })));
    for (const { component, pair } of made.others) others.set(component, [...(others.get(component) ?? []), { pair, place: param.place }]);
  }
  const start = { file: source.file };
  const all: readonly Placed[] = [
    ...image, { pair: ['vir', 'jail'], place: start }, ...sorted(section),
    ...[...others].flatMap(([component, pairs]): Placed[] => [{ pair: ['vir', component], place: pairs[0]?.place ?? start }, ...pairs]),
  ];
  return { name: jail.name, pairs: all.map(({ pair }) => pair), places: all.map(({ place }) => place), children: [], place: jail.params[0]?.place ?? start };
}

/** What exec.prepare runs comes before exec.prestart, which it becomes; what exec.release runs after exec.poststop. */
function rank(name: string): number {
  return name === 'exec.prepare' ? -1 : name === 'exec.release' ? 1 : 0;
}

/** What two parameters say of the same flag is said once: the later holds. */
function sorted(section: readonly Placed[]): readonly Placed[] {
  return section.filter(({ pair: [key] }, i) => isList(key) || !section.slice(i + 1).some(({ pair: [later] }) => later === key));
}

function placed(place: Place, make: () => Converted): Converted {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof VimageError) || error.place !== undefined) throw error;
    const { code, message, subject, hint } = error;
    throw new VimageError(code, message, { place, cause: error, ...(subject === undefined ? {} : { subject }), ...(hint === undefined ? {} : { hint }) });
  }
}

/** Jails in jails: those whose parent is in the file are nested in it. */
function nested(jails: readonly { readonly name: string; readonly image: FileImage }[]): readonly FileImage[] {
  const names = new Set(jails.map(({ name }) => name));
  const parentOf = (name: string): string | undefined => {
    for (let cut = name.lastIndexOf('.'); cut > 0; cut = name.lastIndexOf('.', cut - 1)) if (names.has(name.slice(0, cut))) return name.slice(0, cut);
    return undefined;
  };
  const within = (parent: string | undefined): readonly FileImage[] => jails.filter(({ name }) => parentOf(name) === parent).map(({ name, image }) => ({
    ...image, name: parent === undefined ? name : name.slice(parent.length + 1), children: within(name),
  }));
  return within(undefined);
}
