// Images, each with an HTTP server that listens, all in this process. Prints nanoseconds and kilobytes for each: of the whole process, Node included.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { vnet } from '@vimage/vnet';

const many = Number(process.argv[2]);
const kernel = await boot({ substrate: linux(), components: [vnet] });
const from = process.hrtime.bigint();
for (let i = 0; i < many; i++) {
  const image = await kernel.create({ name: `n${i}`, net: true });
  await image.effective(() => new Promise((resolve) => { http.createServer((_request, response) => response.end('x')).listen(8080, '127.0.0.1', resolve); }));
}
const time = Number(process.hrtime.bigint() - from) / many;
const kilobytes = Number(/^Pss:\s*(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))[1]) / many;
await kernel.close();
console.log(JSON.stringify({ time, kilobytes }));
