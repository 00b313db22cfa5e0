// A program that is written against images, and runs where there are none.
import { once } from 'node:events';
import { boot, cimg, eimg } from '@vimage/core';
import { linux } from '@vimage/linux';

const codeOf = (promise) => promise.then(() => 'done', ({ code }) => code);

async function main() {
  const kernel = await boot({ substrate: linux(), components: [] });
  const { ucred } = kernel.current.get();
  const machine = await kernel.lookup('img0');
  const ran = await machine.effective(async () => {
    const child = machine.spawn(process.execPath, ['-e', 'process.exit(7)'], { stdio: 'ignore' });
    return (await once(child, 'exit'))[0];
  });
  console.log(JSON.stringify({
    same: cimg(ucred) === eimg(ucred), ran, created: await codeOf(kernel.create({ name: 'web' })), looked: await codeOf(kernel.lookup('web')),
  }));
  await kernel.close();
}

main();
