import { alternate } from '../harness/alternate.mjs';
import { atMost } from '../harness/bound.mjs';
import { checkThere, createDestroy, netSpec, withImage, withKernel } from '../harness/library.mjs';
import { floor } from '../harness/machine.mjs';

const block = 400;

export default {
  name: 'floor',
  rounds: 20,
  rows: {
    floor: {
      what: 'create + destroy of a pinned, registered net image, library', against: 'a C program doing only the same system calls', bound: atMost(2),
      why: 'what Node adds to each call, and the stacks that the kernel frees meanwhile (docs/bench.md)',
    },
  },
  run({ rounds }) {
    return withKernel(async (kernel) => {
      await withImage(kernel, netSpec('web'), (image) => checkThere(kernel, image));
      const costs = await alternate({ ours: () => createDestroy(kernel, block), theirs: () => floor(1, block) }, { rounds, warmup: 4, settle: 50 });
      return { floor: [costs.ours, costs.theirs] };
    });
  },
};
