import { InvariantError, VimageError } from '../errors.ts';
import { own } from '../pairs/parse.ts';
import { parseTexts } from '../pairs/list.ts';
import type { Param, ParamTable } from './param.ts';

const reserved: ReadonlySet<string> = new Set(['vir', 'share']);

/**
 * Checks a component's declarations: keys are words that may be dotted, none is reserved, each example and default parses,
 * descriptions are one line. EINVAL names the component and the key.
 */
export function checkTable(component: string, table: ParamTable): void {
  for (const key of Object.keys(table)) {
    const fail = (why: string, cause?: unknown): VimageError =>
      new VimageError('EINVAL', `parameter "${key}" of component "${component}": ${why}`, { subject: key, cause });
    const param = own(table, key);
    if (param === undefined) throw new InvariantError('a key without its parameter');
    if (!isDeclared(param)) throw fail('expected what param() or listParam() makes');
    if (!/^[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/.test(key) || key.length > 64) throw fail('expected a key of small letters, digits, ".", "_" and "-"');
    if (reserved.has(key)) throw fail('the key is reserved');
    if (param.describe === '' || /\p{Cc}/u.test(param.describe)) throw fail('expected a description of one line');
    if (param.order !== undefined && !restricts(param)) throw fail(`a ${param.multi ? 'list of ' : ''}${param.type.kind} cannot restrict by "${param.order}": expected "and" of a flag, "min" of a number, "subset" of a list`);
    for (const text of [param.example, param.default]) {
      if (text === undefined) continue;
      try {
        parseTexts(param, [text]);
      } catch (cause) {
        throw fail(cause instanceof VimageError ? cause.message : `its type fails: ${String(cause)}`, cause);
      }
    }
  }
}

/** Whether values of such a parameter can be compared in its order, as its example tells. */
function restricts({ order, multi, type: { parse }, example }: Param): boolean {
  if (multi) return order === 'subset';
  try {
    const value = parse(example);
    return (order === 'and' && typeof value === 'boolean') || (order === 'min' && typeof value === 'number');
  } catch {
    // What is wrong with the example is said of the example.
    return order === 'and' || order === 'min';
  }
}

/** A component's code need not have been checked by a compiler. */
function isDeclared(param: Partial<Param> | null): boolean {
  const { type: kind, access, describe, example, multi, split } = param ?? {};
  const { parse, print, is } = kind ?? {};
  return [parse, print, is].every((each) => typeof each === 'function') && [kind?.kind, kind?.expected, describe, example].every((each) => typeof each === 'string')
    && typeof multi === 'boolean' && typeof split === 'boolean' && typeof kind?.schema === 'object' && (access === 'create' || access === 'rw' || access === 'ro');
}
