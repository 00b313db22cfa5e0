// Run by tests: does one thing with an image, and is killed before the n-th act on the machine (argv: n, verb, name, pairs...); or (keep)
// makes one, says `up`, and stays until its input ends.
import { subscribe } from 'node:diagnostics_channel';
import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { vproc } from '../../dist/index.js';

const [, , at, verb, name, ...pairs] = process.argv;
const kernel = await boot({ substrate: linux(), components: [vproc] });
// The kernel looks around first; only what it does from here on counts.
await kernel.list();
let count = 0;
subscribe('vimage:call', () => {
  if (count++ === Number(at)) process.kill(process.pid, 'SIGKILL');
});
try {
  if (verb === 'create') await kernel.create(['name', name, 'vir', 'proc', ...pairs]);
  else if (verb === 'keep') {
    await kernel.create(['name', name, 'vir', 'proc', ...pairs]);
    console.log('up');
    await new Promise((resolve) => process.stdin.once('end', resolve).resume());
  } else if (verb === 'set') await kernel.set(name, ['vir', 'proc', ...pairs]);
  else await kernel.destroy(name, { grace: 0 });
  await kernel.close();
  console.log(JSON.stringify({ done: count }));
} catch (error) {
  await kernel.close();
  console.log(JSON.stringify({ code: error.code, message: error.message, subject: error.subject, hint: error.hint }));
}
