import { faster } from '../harness/bound.mjs';
import { boxSpec, components } from '../harness/box.mjs';
import { startContainer } from '../harness/crun.mjs';
import { withImage, withKernel } from '../harness/library.mjs';
import { drive, imgexec, must, program } from '../harness/machine.mjs';
import { present } from '../harness/peers.mjs';
import { startPod } from '../harness/podman.mjs';

export default {
  name: 'box-imgexec',
  rounds: 200,
  rows: {
    crun: { what: '`imgexec box -- true` in a full box (no Node)', against: '`crun exec`', bound: faster(2) },
    runc: { what: '`imgexec box -- true` in a full box (no Node)', against: '`runc exec`', bound: faster(2) },
    podman: { what: '`imgexec box -- true` in a full box (no Node)', against: '`podman exec`', bound: faster(2) },
  },
  async run({ rounds }) {
    const command = program('true');
    const containers = [];
    const start = (container) => {
      containers.push(container);
      return container.command();
    };
    return withKernel((kernel) => withImage(kernel, boxSpec('box'), () => {
      try {
        const peers = present({ crun: () => start(startContainer('crun')), runc: () => start(startContainer('runc')), podman: () => start(startPod()) });
        const ways = { ours: [imgexec, 'box', '--'], ...peers.there };
        const link = [program('readlink'), '/proc/self/ns/net'];
        for (const [name, way] of Object.entries(ways)) {
          if (must(way[0], [...way.slice(1), ...link]) === must(link[0], link.slice(1))) throw new Error(`${name} ran in our own network stack`);
        }
        const costs = drive(Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, [...way, command]])), { rounds, warmup: 10 });
        return { ...peers.missing, ...Object.fromEntries(Object.keys(peers.there).map((name) => [name, [costs.ours, costs[name]]])) };
      } finally {
        for (const container of containers) container.stop();
      }
    }), await components());
  },
};
