import { atMost, faster } from '../harness/bound.mjs';
import { startContainer } from '../harness/crun.mjs';
import { withKernel } from '../harness/library.mjs';
import { drive, imgexec, must, program } from '../harness/machine.mjs';
import { bwrap, nsenter, withNetProc } from '../harness/netproc.mjs';
import { present } from '../harness/peers.mjs';

const what = '`imgexec web -- true` (no Node)';

export default {
  name: 'imgexec',
  rounds: 300,
  rows: {
    nsenter: { what, against: '`nsenter`', bound: atMost(1.1) },
    bwrap: { what, against: '`bwrap`', bound: faster(2) },
    crun: { what, against: '`crun exec`', bound: faster(1) },
  },
  run({ rounds }) {
    const command = program('true');
    let container;
    return withKernel((kernel) => withNetProc(kernel, (image, pid) => {
      try {
        const peers = present({
          nsenter: () => nsenter(pid),
          bwrap: () => bwrap(),
          crun: () => {
            container = startContainer();
            return container.command();
          },
        });
        const ways = { ours: [imgexec, 'web', '--'], ...peers.there };
        const link = [program('readlink'), '/proc/self/ns/net'];
        const own = must(link[0], link.slice(1));
        for (const [name, way] of Object.entries(ways)) {
          if (must(way[0], [...way.slice(1), ...link]) === own) throw new Error(`${name} ran in our own network stack`);
        }
        const costs = drive(Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, [...way, command]])), { rounds, warmup: 10 });
        return { ...peers.missing, ...Object.fromEntries(Object.keys(peers.there).map((name) => [name, [costs.ours, costs[name]]])) };
      } finally {
        container?.stop();
      }
    }));
  },
};
