import { alternate } from '../harness/alternate.mjs';
import { atMost } from '../harness/bound.mjs';
import { checkRemoved, netSpec, pinned, withKernel } from '../harness/library.mjs';
import { drive, program } from '../harness/machine.mjs';
import { median } from '../harness/stats.mjs';

const count = 1000;
const block = 60;

/** Median nanoseconds of an unrelated `unshare -m true`. */
function unshare() {
  return median(drive({ unshare: [program('unshare'), '--mount', program('true')] }, { rounds: block }).unshare);
}

async function withMany(kernel, work) {
  const images = [];
  for (let i = 0; i < count; i++) images.push(await kernel.create(netSpec(`n${i}`)));
  if (pinned().size !== count) throw new Error(`${pinned().size} pins, not ${count}`);
  const result = work();
  for (const image of images) checkRemoved(await image.destroy({ grace: 0 }), [image.name]);
  return result;
}

export default {
  name: 'bystander',
  rounds: 7,
  rows: {
    bystander: { what: 'an unrelated `unshare -m` on the host while 1000 images exist', against: 'while none exists', bound: atMost(1.1) },
  },
  run({ rounds }) {
    return withKernel(async (kernel) => {
      const costs = await alternate({ none: unshare, many: () => withMany(kernel, unshare) }, { rounds, warmup: 1, settle: 3000 });
      return { bystander: [costs.many, costs.none] };
    });
  },
};
