// Run by tests that kill it: does one thing with an image, and is killed at the n-th act on the machine (argv: n, verb, name, pairs...).
import { subscribe } from 'node:diagnostics_channel';
import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { vnet } from '../../dist/index.js';

const [, , at, verb, name, ...pairs] = process.argv;
const kernel = await boot({ substrate: linux(), components: [vnet] });
// The kernel looks around first; only what it does from here on counts.
await kernel.list();
let count = 0;
const names = [];
subscribe('vimage:call', (message) => {
  names.push(message.name);
  if (count++ === Number(at)) process.kill(process.pid, 'SIGKILL');
});
if (verb === 'create') await kernel.create(['name', name, 'persist', 'false', 'vir', 'net', ...pairs]);
else if (verb === 'set') await kernel.set(name, ['vir', 'net', ...pairs]);
else await kernel.destroy(name);
const done = count;
await kernel.close();
console.log(JSON.stringify({ done, names: names.slice(0, done) }));
