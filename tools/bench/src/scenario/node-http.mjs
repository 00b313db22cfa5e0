import { fileURLToPath } from 'node:url';
import { alternate } from '../harness/alternate.mjs';
import { atLeast } from '../harness/bound.mjs';
import { netSpec, withImage, withKernel } from '../harness/library.mjs';
import { must } from '../harness/machine.mjs';
import { rate } from '../micro/http.mjs';

const count = 8000;
const alone = fileURLToPath(new URL('../micro/http.mjs', import.meta.url));
const apart = (...words) => () => JSON.parse(must(process.execPath, [alone, String(count), ...words]));

export default {
  name: 'node-http',
  rounds: 15,
  rows: {
    inside: { what: 'HTTP requests per second, in `image.effective()`', against: 'outside, in the same process', bound: atLeast(0.95) },
    idle: { what: 'HTTP requests per second, in a process with a kernel that is not used', against: 'in one without', bound: atLeast(0.98) },
  },
  run({ rounds }) {
    return withKernel((kernel) => withImage(kernel, netSpec('web'), async (image) => {
      const inside = await alternate({ ours: () => image.effective(() => rate(count)), theirs: () => rate(count) }, { rounds });
      const idle = await alternate({ ours: apart('boot'), theirs: apart() }, { rounds, warmup: 1 });
      return { inside: [inside.ours, inside.theirs], idle: [idle.ours, idle.theirs] };
    }));
  },
};
