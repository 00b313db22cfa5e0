import { rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { alternate, timed } from '../harness/alternate.mjs';
import { faster } from '../harness/bound.mjs';
import { boxSpec, bwrapBox, checkBox, components, filterFile, onceSpec, unshareBox } from '../harness/box.mjs';
import { passingContainers } from '../harness/crun.mjs';
import { withImage, withKernel } from '../harness/library.mjs';
import { ended, program } from '../harness/machine.mjs';
import { present } from '../harness/peers.mjs';
import { spawnTime } from '../harness/spawned.mjs';

/** Runs a command in a box of its own; nothing is left of that afterwards. */
export async function passes(kernel, command) {
  const { child, gone } = await kernel.once(onceSpec, command, [], { stdio: 'inherit' });
  await ended(child);
  await gone;
}

const what = 'make a full box, run `true` in it, remove it, library (`kernel.once`)';

export default {
  name: 'box-once',
  rounds: 60,
  rows: {
    bwrap: { what, against: '`bwrap` with the same isolation, the same filter', bound: faster(1) },
    crun: { what, against: '`crun run` of a container with namespaces, capabilities and the host’s files read-only', bound: faster(1) },
    unshare: { what, against: '`unshare`, `mount`, `pivot_root`, `setpriv`: the same files and capabilities, no filter', bound: faster(1) },
  },
  async run({ rounds }) {
    const command = program('true');
    let containers;
    return withKernel(async (kernel) => {
      const filter = await withImage(kernel, boxSpec('box'), async () => filterFile('box'));
      try {
        const peers = present({ bwrap: () => bwrapBox(filter), crun: () => (containers = passingContainers(command)).next, unshare: () => unshareBox() });
        const { crun, ...boxes } = peers.there;
        await checkBox(async (program_, args, stdio) => (await kernel.once(onceSpec, program_, args, { stdio })).child);
        for (const [name, way] of Object.entries(boxes)) await checkBox(way, name === 'bwrap');
        const ours = () => timed(() => passes(kernel, command));
        const theirs = Object.fromEntries(Object.entries(boxes).map(([name, way]) => [name, () => spawnTime(() => way(command))]));
        const container = () => spawnTime(() => {
          const [program_, ...args] = crun();
          return spawn(program_, args, { stdio: 'inherit' });
        });
        if (crun !== undefined) theirs.crun = container;
        // Each peer by itself: what one leaves the kernel to clean up is not ours to wait for.
        const rows = {};
        for (const [name, their] of Object.entries(theirs)) {
          const costs = await alternate({ ours, theirs: their }, { rounds, warmup: 5 });
          rows[name] = [costs.ours, costs.theirs];
        }
        return { ...peers.missing, ...rows };
      } finally {
        containers?.stop();
        rmSync(filter);
      }
    }, await components());
  },
};
