// Run by tests, and killed by them: makes an image (argv: name, root).
import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { vfs } from '../../dist/index.js';

const [, , name, root] = process.argv;
const kernel = await boot({ substrate: linux(), components: [vfs] });
await kernel.create(['name', name, 'vir', 'fs', 'root', root]);
