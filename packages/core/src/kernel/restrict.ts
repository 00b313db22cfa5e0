import type { Asked, Restriction } from '../image/lattice.ts';
import type { Param, ParamTable } from '../param/param.ts';
import { canonicalTexts, parseTexts } from '../pairs/list.ts';
import { own } from '../pairs/parse.ts';
import type { Pairs } from '../pairs/pairs.ts';
import { sections } from '../pairs/sections.ts';
import type { Tables } from '../pairs/tables.ts';
import { InvariantError } from '../errors.ts';

/** The restrictions that pairs ask for: every parameter that declares an order, as given, or by default in a section of its own. */
export function askedIn(tables: Tables, pairs: Pairs): readonly Asked[] {
  const split = sections(pairs);
  return [{ component: '', pairs: split.image }, ...split.sections].flatMap(({ component, pairs: part }) => {
    const table = component === '' ? tables.image : tables.components.get(component);
    if (table === undefined) return [];
    const given = new Set(part.map(([key]) => key));
    const asked = [...given].flatMap((key): Asked[] => {
      const param = own(table, key);
      if (param?.order === undefined) return [];
      const texts = part.filter(([other]) => other === key).map(([, value]) => value);
      return [{
        component,
        key,
        restriction: restriction(param, texts),
        // For messages only.
        get text() {
          return canonicalTexts(param, texts).join(',');
        },
      }];
    });
    return component === '' || given.has('share') ? asked : [...asked, ...implied(component, table, given)];
  });
}

/** What such a list, where each parameter stands once at most, asks for one of them. */
export function askedFor(all: readonly Asked[], component: string, key: string): Restriction | undefined {
  return all.find((asked) => asked.component === component && asked.key === key)?.restriction;
}

function implied(component: string, table: ParamTable, given: ReadonlySet<string>): readonly Asked[] {
  return Object.entries(table).flatMap(([key, param]): Asked[] => {
    if (param.order === undefined || param.default === undefined || given.has(key)) return [];
    return [{ component, key, restriction: restriction(param, [param.default]), text: param.default, implied: true }];
  });
}

function restriction(param: Param, texts: readonly string[]): Restriction {
  const value: unknown = parseTexts(param, texts);
  if (param.order === 'and' && typeof value === 'boolean') return { order: 'and', value };
  if (param.order === 'min' && typeof value === 'number') return { order: 'min', value };
  if (param.order === 'subset' && Array.isArray(value)) return { order: 'subset', value: value.map((item) => param.type.print(item)) };
  throw new InvariantError(`a ${param.type.kind} cannot restrict by "${param.order ?? ''}"`);
}
