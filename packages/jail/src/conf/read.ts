import { isBoolean, opposite } from './boolean.ts';
import { coded, confError, shown } from './error.ts';
import { Expander, type Expansion } from './expand.ts';
import { Blocks, type Block } from './include.ts';
import { jailLimit, mergeLimit } from './limits.ts';
import { Merged, type Entry } from './merge.ts';
import { covers, isWild } from './name.ts';
import type { ConfJail, ConfParam, ConfPlace, ConfSource } from './types.ts';

/**
 * Reads the text of a jail.conf(5), FreeBSD's, into its jails, in the order of the file: wildcards, globals and several blocks of one jail
 * are merged as they stand, variables replaced jail by jail. A block within a block is a jail inside that one. Total on any text, in bounded time
 * and memory. Errors are VimageError with file, line and column: EINVAL; ELOOP (circles of files or of variables), E2BIG (what `limits.ts` bounds),
 * and the code of `source.read`.
 */
export function readJailConf(text: string, source: ConfSource): readonly ConfJail[] {
  const blocks = new Blocks(source);
  blocks.add(text, [source.file], undefined, 0, { file: source.file, line: 1, column: 1 });
  const expansion: Expansion = { total: 0 };
  return merge(blocks.list).map((merged) => {
    const expander = new Expander(merged, expansion);
    // Variables that no parameter uses are looked at too: their errors are the file's.
    for (const entry of merged.variables.values()) expander.values(entry);
    return { name: merged.jail, params: [...merged.params.values()].map((entry) => finished(entry, expander.values(entry))) };
  });
}

/** For each jail every block that holds for it, in the order of the file. */
function merge(blocks: readonly Block[]): readonly Merged[] {
  const wild: number[] = [];
  const own = new Map<string, number[]>();
  for (const [i, { name, place }] of blocks.entries()) {
    const mine = isWild(name) ? wild : own.get(name);
    if (mine === undefined) own.set(name, [i]);
    else mine.push(i);
    if (own.size > jailLimit) throw coded('E2BIG', `more than ${jailLimit} jails`, place, 'cut the file into several and read them one by one', name);
  }
  let work = 0;
  return [...own].map(([jail, mine]) => {
    const merged = new Merged(jail);
    const count = (more: number, place: ConfPlace): void => {
      work += more;
      if (work > mergeLimit) throw coded('E2BIG', `more than ${mergeLimit} statements for all jails together`, place, 'wildcards count for each jail: use fewer, or several files', jail);
    };
    for (const i of [...wild, ...mine].sort((a, b) => a - b)) {
      const block = blocks[i];
      if (block === undefined) continue;
      count(1, block.place);
      if (block.name !== jail && !covers(block.name, jail)) continue;
      for (const statement of block.params) {
        count(1 + statement.values.length, statement.place);
        merged.add(statement);
      }
    }
    return merged;
  });
}

function finished(entry: Entry, values: readonly string[]): ConfParam {
  const { name, negated, place } = entry;
  if (entry.values.length === 0) return { name, values: [String(!negated)], place, ...(isBoolean(name) ? {} : { bare: true as const }) };
  if (!negated) return { name, values, place };
  return {
    name, place,
    values: values.map((value) => {
      const other = opposite(value);
      if (other === undefined) throw confError(`expected true or false, not ${shown(value)}`, place, `write: ${name} = true; or: ${name} = false;`, name);
      return other;
    }),
  };
}
