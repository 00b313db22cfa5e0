import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { alternate } from '../harness/alternate.mjs';
import { atMost, faster } from '../harness/bound.mjs';
import { boxSpec, bwrapBox, checkBox, components, filterFile } from '../harness/box.mjs';
import { withImage, withKernel } from '../harness/library.mjs';
import { program } from '../harness/machine.mjs';
import { present } from '../harness/peers.mjs';
import { spawnTime } from '../harness/spawned.mjs';

const what = 'spawn `true` in a full box (fs, user, priv, net, proc) that is there, library';

export default {
  name: 'box-living',
  rounds: 200,
  rows: {
    plain: { what, against: 'plain `child_process.spawn`', bound: atMost(2) },
    bwrap: { what, against: '`bwrap` with the same isolation, the same filter', bound: faster(2) },
  },
  async run({ rounds }) {
    const command = program('true');
    return withKernel((kernel) => withImage(kernel, boxSpec('box'), async (image) => {
      const filter = filterFile('box');
      try {
        const peers = present({ bwrap: () => bwrapBox(filter) });
        const ways = { ours: (c, args = [], stdio = 'inherit') => image.spawn(c, args, { stdio }), ...peers.there };
        for (const way of Object.values(ways)) await checkBox(way);
        const sides = { ...ways, plain: (c) => spawn(c, [], { stdio: 'inherit' }) };
        const costs = await alternate(Object.fromEntries(Object.entries(sides).map(([name, way]) => [name, () => spawnTime(() => way(command))])), { rounds, warmup: 10 });
        return { ...peers.missing, plain: [costs.ours, costs.plain], ...Object.fromEntries(Object.keys(peers.there).map((name) => [name, [costs.ours, costs[name]]])) };
      } finally {
        rmSync(filter);
      }
    }), await components());
  },
};
