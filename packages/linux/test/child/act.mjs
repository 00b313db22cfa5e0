// For programs that tests run, and kill.
import { subscribe } from 'node:diagnostics_channel';
import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';

/**
 * Does one thing with an image of a component, and is killed before the n-th act on the machine (argv: n, verb, name, words...). Prints how many acts there were, and
 * what is to be told; or the error. `more`: other verbs, or others in their place. `tidy`: what was made, and nobody killed, is removed again.
 */
export async function act(component, { more = () => ({}), tidy = false } = {}) {
  const [, , at, verb, name, ...words] = process.argv;
  const kernel = await boot({ substrate: linux(), components: [component] });
  // The kernel looks around first; only what it does from here on counts.
  await kernel.list();
  const names = [];
  subscribe('vimage:call', (message) => {
    if (names.push(message.name) === Number(at) + 1) process.kill(process.pid, 'SIGKILL');
  });
  const verbs = {
    create: () => kernel.create(['name', name, 'persist', 'true', 'vir', component.name, ...words]),
    set: () => kernel.set(name, ['vir', component.name, ...words]),
    destroy: () => kernel.destroy(name, { grace: 0 }),
    ...more(kernel, name, words),
  };
  try {
    const { notes } = await verbs[verb]() ?? {};
    const done = names.length;
    const shown = verb === 'create' || verb === 'set' ? await kernel.get(name, { all: true }) : [];
    if (tidy && at === '-1' && verb === 'create') await kernel.destroy(name);
    await kernel.close();
    console.log(JSON.stringify({ done, names: names.slice(0, done), notes, shown }));
  } catch (error) {
    await kernel.close();
    console.log(JSON.stringify({ code: error.code, message: error.message, subject: error.subject, hint: error.hint }));
  }
}
