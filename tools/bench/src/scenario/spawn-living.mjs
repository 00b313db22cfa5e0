import { spawn } from 'node:child_process';
import { alternate } from '../harness/alternate.mjs';
import { atMost, faster } from '../harness/bound.mjs';
import { withKernel } from '../harness/library.mjs';
import { program } from '../harness/machine.mjs';
import { bwrap, nsenter, types, withNetProc } from '../harness/netproc.mjs';
import { checkInside, namespaces, spawnTime } from '../harness/spawned.mjs';
import { present } from '../harness/peers.mjs';

const what = 'spawn `true` living in a net+proc image (mount view and all), library';
const plain = (command, args = []) => spawn(command, args, { stdio: 'inherit' });

export default {
  name: 'spawn-living',
  rounds: 200,
  rows: {
    plain: { what, against: 'plain `child_process.spawn`', bound: atMost(1.6) },
    nsenter: { what, against: '`nsenter` of the same namespaces', bound: faster(1.3) },
    bwrap: { what, against: '`bwrap` with the same isolation', bound: faster(2.5) },
  },
  run({ rounds }) {
    const command = program('true');
    return withKernel((kernel) => withNetProc(kernel, async (image, pid) => {
      const peers = present({ nsenter: () => nsenter(pid), bwrap: () => bwrap() });
      const own = await namespaces(plain, types);
      const ways = { ours: (c, args = []) => image.spawn(c, args, { stdio: 'inherit' }), plain };
      for (const [name, [first, ...words]] of Object.entries(peers.there)) ways[name] = (c, args = []) => plain(first, [...words, c, ...args]);
      for (const [name, way] of Object.entries(ways)) if (name !== 'plain') await checkInside(way, types, own);
      const sides = Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, () => spawnTime(() => way(command))]));
      const costs = await alternate(sides, { rounds, warmup: 10 });
      return { ...peers.missing, plain: [costs.ours, costs.plain], ...Object.fromEntries(Object.keys(peers.there).map((name) => [name, [costs.ours, costs[name]]])) };
    }));
  },
};
