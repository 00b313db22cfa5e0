import { rmSync } from 'node:fs';
import { alternate, timed } from '../harness/alternate.mjs';
import { atMost } from '../harness/bound.mjs';
import { boxSpec, bwrapBox, components, filterFile } from '../harness/box.mjs';
import { withImage, withKernel } from '../harness/library.mjs';
import { ended, program } from '../harness/machine.mjs';
import { present } from '../harness/peers.mjs';
import { passes } from './box-once.mjs';

const crowd = 200;

/** Starts `one` 200 times at once, and waits for all. */
const all = (one) => timed(() => Promise.all(Array.from({ length: crowd }, one)));

export default {
  name: 'box-crowd',
  rounds: 10,
  rows: {
    bwrap: { what: `${crowd} one-off boxes at once, on all cores, library`, against: '`bwrap` the same', bound: atMost(1) },
  },
  async run({ rounds }) {
    const command = program('true');
    return withKernel(async (kernel) => {
      const filter = await withImage(kernel, boxSpec('box'), async () => filterFile('box'));
      try {
        const peers = present({ bwrap: () => bwrapBox(filter) });
        const { bwrap } = peers.there;
        if (bwrap === undefined) return peers.missing;
        const costs = await alternate({ ours: () => all(() => passes(kernel, command)), bwrap: () => all(() => ended(bwrap(command))) }, { rounds, warmup: 1 });
        return { bwrap: [costs.ours, costs.bwrap] };
      } finally {
        rmSync(filter);
      }
    }, await components());
  },
};
