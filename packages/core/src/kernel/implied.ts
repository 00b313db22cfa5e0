import type { AnyComponent } from '../component/component.ts';
import { VimageError } from '../errors.ts';
import type { ParamTable, ParamValues } from '../param/param.ts';
import type { Pair, Pairs } from '../pairs/pairs.ts';
import { own, parseImage, type ParsedImage } from '../pairs/parse.ts';
import { sections, type Section } from '../pairs/sections.ts';
import type { ImageParams } from '../pairs/tables.ts';
import type { KernelState } from './state.ts';

/**
 * An image's pairs with what its components bring along (see `implied` of a component). ENOENT, where the image is to be made or changed: a component that is
 * brought along is not registered. Pairs that bring nothing are returned as they are, and are not looked at otherwise.
 */
export function whole(state: KernelState, pairs: Pairs, anew = false): Pairs {
  const split = sections(pairs);
  const bringing = split.sections.filter(({ component, pairs: part }) => named(state, component)?.implied !== undefined && !isShare(part));
  if (bringing.length === 0) return pairs;
  const known = split.sections.filter(({ component }) => state.tables.components.has(component));
  const parsed = parseImage([...split.image, ...known.flatMap(({ component, pairs: part }): Pair[] => [['vir', component], ...part])], state.tables, { access: 'show' });
  const parts = new Map<string, Pairs>(split.sections.map(({ component, pairs: part }) => [component, part]));
  for (const { component: from } of bringing) {
    for (const { component, pairs: part } of brought(state, parsed, from, split.sections)) {
      const table = state.tables.components.get(component);
      if (table === undefined && anew) throw missing(from, component);
      const given = parts.get(component) ?? [];
      if (isShare(given)) continue;
      const said = new Set(given.map(([key]) => key));
      parts.set(component, [...part.filter(([key]) => !said.has(key) || (table !== undefined && own(table, key)?.multi === true)), ...given]);
    }
  }
  return [...split.image, ...[...parts].flatMap(([component, part]): Pair[] => [['vir', component], ...part])];
}

/** What an image's pairs say, with what its components bring along. */
export interface Whole {
  readonly pairs: Pairs;
  readonly image: ParamValues<ImageParams>;
  /** Of one component's section; nothing is said where there is none, or a shared one. */
  readonly values: (component: string) => ParamValues<ParamTable>;
}

/** Reads the pairs of an image that there is, or as it is to become. ENOENT as {@link whole}; else errors as parseImage. */
export function readWhole(state: KernelState, pairs: Pairs, anew = false): Whole {
  const all = whole(state, pairs, anew);
  const { image, sections: given } = parseImage(all, state.tables, { access: 'show' });
  return { pairs: all, image, values: (component) => given.get(component)?.values ?? {} };
}

/** The components that one of an image's own brings along. */
export function broughtBy(state: KernelState, pairs: Pairs, from: string): readonly string[] {
  return brought(state, parseImage(pairs, state.tables, { access: 'show' }), from, sections(pairs).sections).map(({ component }) => component);
}

/** `all`: the image's sections, those too whose component is not registered. */
function brought(state: KernelState, parsed: ParsedImage, from: string, all: readonly Section[]): readonly Section[] {
  const values = parsed.sections.get(from)?.values ?? {};
  return sections(named(state, from)?.implied?.({ values, gives: (name) => all.some(({ component }) => component === name) }) ?? []).sections;
}

function named(state: KernelState, component: string): AnyComponent | undefined {
  return state.components.find(({ name }) => name === component);
}

function isShare(pairs: Pairs): boolean {
  return pairs.some(([key]) => key === 'share');
}

function missing(from: string, component: string): VimageError {
  return new VimageError('ENOENT', `"vir ${from}" brings "vir ${component}" with it, and no component "${component}" is registered`, {
    subject: component,
    hint: `install the package of "${component}" beside that of "${from}"`,
  });
}
