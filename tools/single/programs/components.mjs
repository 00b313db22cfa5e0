// The components of Linux, as they are: they are registered, and what stands in their slots is the machine's own, or EOPNOTSUPP where that is a thing of Linux.
import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { vnet } from '@vimage/vnet';
import { vproc } from '@vimage/vproc';
import { vuser } from '@vimage/vuser';

const kernel = await boot({ substrate: linux(), components: [vuser, vnet, vproc] });
const machine = await kernel.lookup('.');
const told = {};
for (const { name } of kernel.components()) told[name] = await machine.slot(name).then((slot) => typeof slot, ({ code }) => code);
console.log(JSON.stringify(told));
await kernel.close();
