import { statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { codeOf } from '@vimage/core';
import { imgexecPath } from '../imgexec.ts';
import { imgprobePath } from '../imgprobe.ts';
import { boxName } from './box.ts';
import type { OuterProbe } from './probe.ts';
import { refused } from './removal.ts';

/** What another reader takes for the end of a name. */
const nulInName: OuterProbe = {
  name: 'nul-in-name', lines: [22, 28], walls: ['entry'], tries: 'to make an image whose name holds a NUL',
  run: ({ kernel }) => refused(() => kernel.create([['name', `${boxName()}\0.x`], ['persist', 'false']]), ['EINVAL']),
};

const longValue: OuterProbe = {
  name: 'long-value', lines: [22], walls: ['entry'], tries: 'to make an image of more than a plan can hold',
  run: ({ kernel }) => refused(() => kernel.create([['name', 'x'.repeat(70_000)], ['persist', 'false']]), ['EINVAL', 'E2BIG', 'ENAMETOOLONG']),
};

/** Whether a program is set-user-ID or set-group-ID, or others than its owner may write it. */
export function unsafe(at: string): boolean {
  return (statSync(at).mode & 0o6022) !== 0;
}

/** Of what others may run none runs as its owner, and nobody else may change it. */
const setuidHelper: OuterProbe = {
  name: 'setuid-helper', lines: [19], walls: ['entry'], tries: 'to find a program of vimage that is set-user-ID, or that others may write',
  run: () => {
    const bad = [imgexecPath(), imgprobePath].find(unsafe);
    return Promise.resolve(bad === undefined ? { verdict: 'pass', reason: 'none' } : { verdict: 'fail', reason: `${bad} is one` });
  },
};

/** An image with the address of an interface of the machine's is removed: nothing of the machine's goes with it. */
const teardown: OuterProbe = {
  name: 'teardown', lines: [27], walls: ['entry'], tries: 'to take an address of the machine’s away with an image that has it, too',
  run: async ({ kernel }) => {
    const before = JSON.stringify(networkInterfaces());
    const [address = '127.0.0.2'] = Object.values(networkInterfaces()).flatMap((each) => each ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal).map((each) => each.address);
    try {
      const image = await kernel.create([['name', boxName()], ['persist', 'false'], ['vir', 'net'], ['addr', `lo=${address}/32`]]);
      await kernel.destroy(image.name);
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      return { verdict: 'na', reason: `no image with a stack of its own can be made: ${codeOf(error) ?? ''}` };
    }
    return JSON.stringify(networkInterfaces()) === before ? { verdict: 'pass', reason: 'the machine’s are as they were' } : { verdict: 'fail', reason: 'the machine’s have changed' };
  },
};

export const wordProbes: readonly OuterProbe[] = [nulInName, longValue, setuidHelper, teardown];
