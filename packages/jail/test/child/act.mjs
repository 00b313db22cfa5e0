// Run by tests: does one thing with a jail, and is killed before the n-th act on the machine (argv: n, verb, root directory, words...).
import { subscribe } from 'node:diagnostics_channel';
import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { vfs } from '@vimage/vfs';
import { vnet } from '@vimage/vnet';
import { vpriv } from '@vimage/vpriv';
import { vproc } from '@vimage/vproc';
import { vuser } from '@vimage/vuser';
import { jail } from '../../dist/index.js';

const [, , at, verb, root, ...words] = process.argv;
const kernel = await boot({ substrate: linux(), components: [vuser, vfs, vnet, vproc, vpriv, jail] });
// The kernel looks around first; only what it does from here on counts.
await kernel.list();
const names = [];
subscribe('vimage:call', (message) => {
  if (names.push(message.name) === Number(at) + 1) process.kill(process.pid, 'SIGKILL');
});
const verbs = {
  create: () => kernel.create(['name', 'www', 'persist', 'true', 'vir', 'user', 'names', 'ann=1000', 'vir', 'jail', 'path', root, 'mount', '/usr /usr nullfs ro', 'host.hostname', 'one', ...words]),
  set: () => kernel.set('www', ['vir', 'jail', ...words]),
  destroy: () => kernel.destroy('www', { grace: 0 }),
};
await verbs[verb]();
const done = names.length;
if (at === '-1' && verb === 'create') await kernel.destroy('www', { grace: 0 });
await kernel.close();
console.log(JSON.stringify(names.slice(0, done)));
