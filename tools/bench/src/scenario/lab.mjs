import { setTimeout as sleep } from 'node:timers/promises';
import { alternate } from '../harness/alternate.mjs';
import { atMost, faster } from '../harness/bound.mjs';
import { imgctlUp, ipBatch, mininet, withBridge } from '../harness/lab.mjs';
import { Missing } from '../harness/machine.mjs';

const what = '1000 net images with a veth each to one bridge, `imgctl up`';
const count = 1000;
const hosts = 200;

export default {
  name: 'lab',
  rounds: 3,
  rows: {
    ip: { what, against: '`ip -batch` doing the same (and `ip -n` to bring up what is inside)', bound: atMost(1.5) },
    down: {
      what: `${what}, all inside left down`, against: 'one `ip -batch`', bound: atMost(1.5),
      why: 'a registry, a journal, checks and undo for each, in a Node that has just started',
    },
    mininet: { what, against: 'Mininet with 200 (per node)', bound: faster(8), why: 'each of a thousand hosts on one bridge hears five times as many as each of two hundred' },
  },
  async run({ rounds }) {
    const once = async (up) => (await up(10)).down();
    const timed = (up, options) => async () => {
      const { cost, down } = await up(count, options);
      await down();
      await sleep(3000); // the kernel frees a thousand stacks on its own time
      return cost / count;
    };
    const sides = { ours: timed(imgctlUp), ip: timed(ipBatch), oursDown: timed(imgctlUp, { down: true }), ipDown: timed(ipBatch, { down: true }) };
    let missing;
    try {
      await mininet(2);
      sides.mininet = () => mininet(hosts) / hosts;
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      missing = error;
    }
    const costs = await withBridge(async () => {
      for (const up of [imgctlUp, ipBatch]) await once(up);
      return alternate(sides, { rounds, warmup: 0 });
    });
    return { ip: [costs.ours, costs.ip], down: [costs.oursDown, costs.ipDown], mininet: missing ?? [costs.ours, costs.mininet] };
  },
};
