import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { alternate, timed } from '../harness/alternate.mjs';
import { faster } from '../harness/bound.mjs';
import { createDestroy, withKernel } from '../harness/library.mjs';
import { ended, program } from '../harness/machine.mjs';

const block = 10;

export default {
  name: 'ip-netns',
  rounds: 20,
  rows: {
    ip: { what: 'create + destroy of a pinned, registered net image, library', against: '`ip netns add` + `del` spawned from Node', bound: faster(3) },
  },
  run({ rounds }) {
    const ip = program('ip');
    const netns = (...args) => ended(spawn(ip, ['netns', ...args], { stdio: 'inherit' }));
    const there = (yes) => {
      if (existsSync('/run/netns/web') !== yes) throw new Error(`ip netns: /run/netns/web is ${yes ? 'not ' : ''}there`);
    };
    return withKernel(async (kernel) => {
      await netns('add', 'web');
      there(true);
      await netns('del', 'web');
      there(false);
      const theirs = () => timed(async () => {
        for (let i = 0; i < block; i++) {
          await netns('add', 'web');
          await netns('del', 'web');
        }
      });
      const costs = await alternate({ ours: () => createDestroy(kernel, block), theirs }, { rounds, settle: 50 });
      return { ip: [costs.ours, costs.theirs] };
    });
  },
};
