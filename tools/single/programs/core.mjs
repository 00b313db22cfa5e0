// What embeds core alone: a component of its own, whose slot it reads by way of the credential, on a substrate of its own.
import { boot, cimg, eimg, run } from '@vimage/core';

const nothing = () => {};
const counter = { name: 'counter', interface: 1, describe: 'counts', params: {}, root: () => ({ count: 0 }), create: nothing, save: nothing, restore: nothing, entry: nothing };

async function main() {
  const kernel = await boot({ substrate: { open: () => ({}), load: nothing, close: nothing }, components: [counter] });
  const { ucred } = kernel.current.get();
  await (await kernel.lookup('.')).slot('counter');
  console.log(run(kernel.current, cimg(ucred), () => ++eimg(ucred).v_counter.count));
  await kernel.close();
}

main();
