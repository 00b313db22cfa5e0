// Run by tests: does one thing with an image, and is killed before the n-th act on the machine (argv: n, verb, name, words...).
import { subscribe } from 'node:diagnostics_channel';
import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { time } from '../../dist/index.js';

const [, , at, verb, name, ...words] = process.argv;
const kernel = await boot({ substrate: linux(), components: [time] });
// The kernel looks around first; only what it does from here on counts.
await kernel.list();
const names = [];
subscribe('vimage:call', (message) => {
  if (names.push(message.name) === Number(at) + 1) process.kill(process.pid, 'SIGKILL');
});
const verbs = {
  create: () => kernel.create(['name', name, 'persist', 'true', 'vir', 'time', ...words]),
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
