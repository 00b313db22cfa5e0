// Run by tests: does one thing with an image, and is killed before the n-th act on the machine (argv: n, verb, name, words...).
import { subscribe } from 'node:diagnostics_channel';
import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { ipc } from '../../dist/index.js';

const [, , at, verb, name, ...words] = process.argv;
const kernel = await boot({ substrate: linux(), components: [ipc] });
// The kernel looks around first; only what it does from here on counts.
await kernel.list();
const names = [];
subscribe('vimage:call', (message) => {
  if (names.push(message.name) === Number(at) + 1) process.kill(process.pid, 'SIGKILL');
});
const verbs = {
  create: async () => (await kernel.create(['name', name, 'persist', 'true', 'vir', 'ipc', ...words])).notes,
  set: async () => (await kernel.set(name, ['vir', 'ipc', ...words])).notes,
  destroy: async () => (await kernel.destroy(name, { grace: 0 })).notes,
};
try {
  const notes = await verbs[verb]();
  const done = names.length;
  const shown = verb === 'destroy' ? [] : await kernel.get(name, { all: true });
  if (at === '-1' && verb === 'create') await kernel.destroy(name);
  await kernel.close();
  console.log(JSON.stringify({ done, names: names.slice(0, done), notes, shown }));
} catch (error) {
  await kernel.close();
  console.log(JSON.stringify({ code: error.code, message: error.message, subject: error.subject, hint: error.hint }));
}
