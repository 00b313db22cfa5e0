import { VimageError } from '../../../packages/core/src/errors.ts';
import { parseArgs } from '../../../packages/core/src/pairs/args.ts';
import { canonical, diffPairs, mergePairs } from '../../../packages/core/src/pairs/change.ts';
import { decodePairs, encodePairs } from '../../../packages/core/src/pairs/codec.ts';
import { parseImage } from '../../../packages/core/src/pairs/parse.ts';
import { toPairs, toSugar } from '../../../packages/core/src/pairs/sugar.ts';
import { tables } from '../../../packages/core/test/pairs/fixture.ts';
import type { Pairs } from '../../../packages/core/src/pairs/pairs.ts';

export const words: readonly string[] = [
  '\n', '=', ',', 'vir\n', 'vir\nwire\n', 'vir\ntable\n', 'vir\nbare\n', 'share\n', 'name\n', 'parent\n', 'persist\n', 'children.max\n', 'true', 'false', 'if\n', 'eth0,wi0', 'addr\n', 'eth0=10.0.0.2/24',
  'eth0=fd00::1/64', 'mtu\n', 'eth0=1400', 'publish\n', '8080:80', '80:8080/udp', '[::1]:80:80', 'sysctl\n', 'net.ipv4.ip_forward=1', 'forward.v4\n', 'state\n', 'oneway\n', 'max\n', 'memory\n', '64m', 'mode\n', 'strict', 'none', '\0',
];

/** One line of the input is one word, as of a command line; with a NUL in it, it is pairs as they are encoded. */
export function run(text: string): void {
  const pairs = text.includes('\0') ? attempt(() => decodePairs(new TextEncoder().encode(text))) : attempt(() => parseArgs(text.split('\n')));
  if (pairs === undefined) return;
  const bytes = attempt(() => encodePairs(pairs));
  if (bytes !== undefined) same(decodePairs(bytes), pairs, 'encoded');
  for (const access of ['set', 'show'] as const) attempt(() => parseImage(pairs, tables, { access }));
  if (attempt(() => parseImage(pairs, tables, { access: 'create' })) === undefined) return;
  const normal = canonical(pairs, tables);
  same(canonical(normal, tables), normal, 'in its canonical form');
  if (diffPairs(pairs, normal, tables).length > 0) throw new Error('the canonical form differs');
  attempt(() => mergePairs(pairs, pairs, tables));
  same(canonical(toPairs(toSugar(pairs, tables), tables), tables), normal, 'as an object');
}

/** What it gives, or undefined where it is refused with a code. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof VimageError)) throw error;
    return undefined;
  }
}

function same(a: Pairs, b: Pairs, how: string): void {
  if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`pairs are others ${how}: ${JSON.stringify(a)}`);
}
