// What cannot be right by itself is told: a pool that one image filled and another uses; and where in the code a socket was made.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { Worker } from 'node:worker_threads';

process.env['VIMAGE_DEBUG'] = '1';
process.env['VIMAGE_INVARIANTS'] = '1';
const { lab, serve, withNet } = await import('./lab.mjs');

await lab(async (at) => {
  const [a, b] = [await withNet(at), await withNet(at)];
  const servers = [await a.effective(() => serve('a')), await b.effective(() => serve('b'))];
  const pooled = a.effective(() => net.connect(8080, '127.0.0.1'));
  await once(pooled, 'connect');
  const line = /:(\d+):\d+\)?$/m.exec(new Error().stack)[1] - 2;
  assert.deepEqual((await a.refs()).filter(({ detail }) => detail.endsWith(`programs/told.mjs:${line}`)).map(({ detail }) => detail.split(',')[0]), ['tcp']);

  const worker = a.effective(() => new Worker('process.stdin', { eval: true, stdin: true }));
  const its = /:(\d+):\d+\)?$/m.exec(new Error().stack)[1] - 1;
  assert.match((await a.refs()).find(({ kind }) => kind === 'worker').detail, new RegExp(`^thread ${worker.threadId}, started at .*programs/told.mjs:${its}$`));
  await worker.terminate();

  const warnings = [];
  process.on('warning', ({ message }) => { warnings.push(message); });
  pooled.write('GET / HTTP/1.0\r\n');
  b.effective(() => pooled.write('\r\n'));
  await once(pooled.resume(), 'end');
  assert.deepEqual(warnings, [`a connection that image "${a.name}" made is used in image "${b.name}"`]);
  for (const server of servers) server.close();
});
