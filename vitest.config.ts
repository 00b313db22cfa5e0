import { defineConfig } from 'vitest/config';
import { Dealer } from './tools/scripts/deal.mjs';

const conditions = ['vimage-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tools/*/test/**/*.test.ts'],
    setupFiles: ['tools/scripts/no-leaks.ts'],
    sequence: { sequencer: Dealer },
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
