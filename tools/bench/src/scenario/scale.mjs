import { alternate } from '../harness/alternate.mjs';
import { atMost } from '../harness/bound.mjs';
import { createAllDestroyAll, withKernel } from '../harness/library.mjs';
import { floor } from '../harness/machine.mjs';
import { pairedRatios } from '../harness/stats.mjs';

export default {
  name: 'scale',
  rounds: 7,
  rows: {
    growth: { what: 'cost per image at 1000 against at 100, library', against: 'the C floor\'s own ratio', bound: atMost(1.1) },
  },
  run({ rounds }) {
    return withKernel(async (kernel) => {
      const costs = await alternate({
        ours100: async () => (await createAllDestroyAll(kernel, 100)) / 100,
        floor100: () => floor(100, 1) / 100,
        ours1000: async () => (await createAllDestroyAll(kernel, 1000)) / 1000,
        floor1000: () => floor(1000, 1) / 1000,
      }, { rounds, warmup: 1, settle: 2000 });
      return { growth: [pairedRatios(costs.ours1000, costs.ours100), pairedRatios(costs.floor1000, costs.floor100)] };
    });
  },
};
