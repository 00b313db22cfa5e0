import { defineConfig } from 'vitest/config';
import { Dealer } from './tools/scripts/deal.mjs';
import { single } from './tools/scripts/single.mjs';
import { all, inSingle, wholeFiles } from './tools/single/src/applies.ts';

const conditions = ['vimage-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    setupFiles: ['tools/scripts/no-leaks.ts'],
    sequence: { sequencer: Dealer },
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'vimage', include: ['packages/*/test/**/*.test.ts', 'tools/*/test/**/*.test.ts'] } },
      { extends: true, plugins: [single()], test: { name: 'single', include: [...inSingle], exclude: all ? [] : [...wholeFiles], isolate: false, setupFiles: ['tools/single/src/skip.ts'] } },
    ],
  },
});
