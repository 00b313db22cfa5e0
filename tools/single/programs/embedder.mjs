// What embeds core: a component of its own, whose slot it reads by way of the credential, as code that is written against images does.
import { boot, cimg, defineComponent, eimg, run } from '@vimage/core';
import { linux } from '@vimage/linux';

const counter = defineComponent({
  name: 'counter',
  interface: 1,
  describe: 'counts',
  params: {},
  root: () => ({ count: 0 }),
  create: () => ({ count: 0 }),
  save: () => [],
  restore: () => ({ count: 0 }),
  entry: () => [],
});

const kernel = await boot({ substrate: linux(), components: [counter] });
const { ucred } = kernel.current.get();
const image = await kernel.lookup('.');
await image.slot('counter');
const counted = run(kernel.current, cimg(ucred), () => ++eimg(ucred).v_counter.count);
const made = await kernel.create({ name: 'other', counter: true }).catch((error) => error);
console.log(JSON.stringify({ counted, same: cimg(ucred) === eimg(ucred), made: made.code ?? 'made' }));
await kernel.close();
