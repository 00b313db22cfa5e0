// Run by tests: does one thing with an image, and is killed before the n-th act on the machine (argv: n, verb, name, words...); or (keep)
// makes one, says `up`, and stays until its input ends.
import { subscribe } from 'node:diagnostics_channel';
import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { vproc } from '../../dist/index.js';

const [, , at, verb, name, ...words] = process.argv;
const kernel = await boot({ substrate: linux(), components: [vproc] });
// The kernel looks around first; only what it does from here on counts.
await kernel.list();
const names = [];
subscribe('vimage:call', (message) => {
  if (names.push(message.name) === Number(at) + 1) process.kill(process.pid, 'SIGKILL');
});

/** The pairs for create: what has a "=" is the image's own, the rest is the component's. */
const pairs = () => {
  const own = words.filter((word) => word.includes('=')).flatMap((word) => word.split('='));
  return ['name', name, ...own, 'vir', 'proc', ...words.filter((word) => !word.includes('='))];
};
const verbs = {
  create: () => kernel.create(pairs()),
  keep: async () => {
    await kernel.create(pairs());
    console.log('up');
    await new Promise((resolve) => process.stdin.once('end', resolve).resume());
  },
  set: () => kernel.set(name, ['vir', 'proc', ...words]),
  destroy: () => kernel.destroy(name, { grace: 0 }),
};
try {
  await verbs[verb]();
  const done = names.length;
  await kernel.close();
  console.log(JSON.stringify({ done, names: names.slice(0, done) }));
} catch (error) {
  await kernel.close();
  console.log(JSON.stringify({ code: error.code, message: error.message, subject: error.subject, hint: error.hint }));
}
