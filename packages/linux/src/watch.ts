import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import { codeOf } from '@vimage/core';
import type { Layout } from './registry/paths.ts';

/** Calls back when the registry changes, also when it comes and goes as a whole, until disposed. `persistent`: it keeps the program from ending. */
export function watchRegistry(layout: Layout, changed: () => void, persistent = true): Disposable {
  let inner: FSWatcher | undefined;
  const attach = (): void => {
    inner?.close();
    inner = undefined;
    try {
      inner = watch(layout.root, { persistent }, (_, name) => {
        if (name === basename(layout.generation)) changed();
      });
      inner.on('error', () => undefined);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  };
  const outer = watch(dirname(layout.root), { persistent }, (_, name) => {
    if (name !== basename(layout.root)) return;
    attach();
    changed();
  });
  attach();
  return {
    [Symbol.dispose]: () => {
      outer.close();
      inner?.close();
    },
  };
}
