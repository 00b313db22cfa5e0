import { rmSync } from 'node:fs';
import { alternate, timed } from '../harness/alternate.mjs';
import { faster } from '../harness/bound.mjs';
import { boxSpec, bwrapBox, checkBox, components, filterFile, unshareBox } from '../harness/box.mjs';
import { checkRemoved, withImage, withKernel } from '../harness/library.mjs';
import { ended, program } from '../harness/machine.mjs';
import { present } from '../harness/peers.mjs';
import { spawnTime } from '../harness/spawned.mjs';

const why = 'an image is registered, journalled, pinned, and can be undone at every step; the peers make nothing that stays';
const what = 'make a full box, run `true` in it, remove it, library';

export default {
  name: 'box-once',
  rounds: 60,
  rows: {
    bwrap: { what, against: '`bwrap` with the same isolation, the same filter', bound: faster(1), why },
    unshare: { what, against: '`unshare` of the same namespaces (no files, filter, capabilities)', bound: faster(1), why },
  },
  async run({ rounds }) {
    const command = program('true');
    return withKernel(async (kernel) => {
      const filter = await withImage(kernel, boxSpec('box'), async () => filterFile('box'));
      try {
        const peers = present({ bwrap: () => bwrapBox(filter), unshare: () => unshareBox() });
        for (const [name, way] of Object.entries(peers.there)) await checkBox(way, name === 'bwrap');
        const reports = [];
        const ours = () => timed(async () => {
          const image = await kernel.create(boxSpec('box'));
          await ended(image.spawn(command, [], { stdio: 'inherit' }));
          reports.push(await image.destroy({ grace: 0 }));
        });
        const theirs = Object.fromEntries(Object.entries(peers.there).map(([name, way]) => [name, () => spawnTime(() => way(command))]));
        const costs = await alternate({ ours, ...theirs }, { rounds, warmup: 5 });
        for (const report of reports) checkRemoved(report, ['box']);
        return { ...peers.missing, ...Object.fromEntries(Object.keys(peers.there).map((name) => [name, [costs.ours, costs[name]]])) };
      } finally {
        rmSync(filter);
      }
    }, await components());
  },
};
