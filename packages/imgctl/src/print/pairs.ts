import type { Pairs } from '@vimage/core';
import { shellWord } from './text.ts';

/** Pairs one per line, as `imgctl create` (or xargs) reads them again; a section's pairs stand in from its `vir`. */
export function pairLines(pairs: Pairs): readonly string[] {
  let inSection = false;
  return pairs.map(([key, value]) => {
    if (key === 'vir') {
      inSection = true;
      return `vir ${shellWord(value)}`;
    }
    return `${inSection ? '  ' : ''}${shellWord(`${key}=${value}`)}`;
  });
}

/** Pairs as one line of shell words. */
export function pairArgs(pairs: Pairs): string {
  return pairs.map(([key, value]) => (key === 'vir' ? `vir ${shellWord(value)}` : shellWord(`${key}=${value}`))).join(' ');
}
