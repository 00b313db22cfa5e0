import { spawn } from 'node:child_process';
import { alternate } from '../harness/alternate.mjs';
import { atMost } from '../harness/bound.mjs';
import { netSpec, withImage, withKernel } from '../harness/library.mjs';
import { program } from '../harness/machine.mjs';
import { checkInside, namespaces, spawnTime } from '../harness/spawned.mjs';

const plain = (command, args = []) => spawn(command, args, { stdio: 'inherit' });

const options = { effective: true, view: false, stdio: 'inherit' };

export default {
  name: 'spawn-effective',
  rounds: 300,
  rows: {
    plain: { what: 'spawn `true` with eimg = a net image, library', against: 'plain `child_process.spawn`', bound: atMost(1.15), why: 'to choose and open the namespaces, and to cross twice; the bound lies between the quartiles' },
  },
  run({ rounds }) {
    const command = program('true');
    return withKernel((kernel) => withImage(kernel, netSpec('web'), async (image) => {
      const ours = (program, args = []) => image.spawn(program, args, options);
      await checkInside(ours, ['net'], await namespaces(plain, ['net']));
      const costs = await alternate({ ours: () => spawnTime(() => ours(command)), plain: () => spawnTime(() => plain(command)) }, { rounds, warmup: 20 });
      return { plain: [costs.ours, costs.plain] };
    }));
  },
};
