// Run by tests: one thing is done with an image of its own of `proc` (argv: n, verb, name, words...); or (keep) one is made, `up` is said, and
// it stays until its input ends.
import { act } from '../../../linux/test/child/act.mjs';
import { vproc } from '../../dist/index.js';

await act(vproc, {
  more: (kernel, name, words) => {
    /** The pairs for create: what has a "=" is the image's own, the rest is the component's. */
    const pairs = () => {
      const own = words.filter((word) => word.includes('=')).flatMap((word) => word.split('='));
      return ['name', name, ...own, 'vir', 'proc', ...words.filter((word) => !word.includes('='))];
    };
    return {
      create: () => kernel.create(pairs()),
      keep: async () => {
        await kernel.create(pairs());
        console.log('up');
        await new Promise((resolve) => process.stdin.once('end', resolve).resume());
      },
    };
  },
});
