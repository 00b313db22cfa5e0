import { readFileSync } from 'node:fs';

/** Whether this process may do what these tests do; else which right is missing. */
export const needRoot: { readonly missing: boolean; readonly note: string } = (() => {
  const caps = BigInt(`0x${/CapEff:\s*(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
  const lacks = [['CAP_SYS_ADMIN', 21n], ['CAP_NET_ADMIN', 12n]].filter(([, bit]) => (caps & (1n << BigInt(bit ?? 0))) === 0n).map(([name]) => name);
  if (process.getuid?.() !== 0) lacks.unshift('uid 0');
  return { missing: lacks.length > 0, note: lacks.length > 0 ? ` (skipped: no ${lacks.join(', ')})` : '' };
})();
