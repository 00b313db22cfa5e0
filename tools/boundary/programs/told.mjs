// What cannot be right by itself is told: a pool that one image filled and another uses; and where in the code a socket was made.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { promisify } from 'node:util';
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
  const imgctl = new URL('../../../packages/imgctl/bin/imgctl.js', import.meta.url).pathname;
  const byAnother = async (name) => JSON.parse((await promisify(execFile)(process.execPath, [imgctl, 'refs', '--json', name])).stdout);
  for (const refs of [await a.refs(), await byAnother(a.name)]) {
    const at = new RegExp(`^tcp 127.0.0.1:\\d+ to 127.0.0.1:8080 \\(established\\): .*, made at .*programs/told.mjs:${line}$`);
    assert.deepEqual(refs.filter(({ detail }) => at.test(detail)).map(({ pid }) => pid), [process.pid]);
    assert.equal(refs.filter(({ detail }) => /\(listening\): .*, made at .*programs\/lab.mjs:\d+$/.test(detail)).length, 1);
    assert.equal(refs.filter(({ detail }) => /127.0.0.1:8080 to .*, accepted by what was made at .*programs\/lab.mjs:\d+$/.test(detail)).length, 1);
  }
  // More of them than are remembered at a time, and one of a worker's.
  const client = new http.Agent({ keepAlive: true });
  const port = servers[0].address().port;
  for (let i = 0; i < 6000; i++) await a.effective(() => once(net.connect(port, '127.0.0.1').on('error', () => undefined).end().resume(), 'close'));
  client.destroy();
  assert.equal((await byAnother(a.name)).filter(({ detail }) => /made at .*told.mjs/.test(detail)).length, 1);

  const worker = a.effective(() => new Worker('process.stdin', { eval: true, stdin: true }));
  const its = /:(\d+):\d+\)?$/m.exec(new Error().stack)[1] - 1;
  assert.match((await a.refs()).find(({ kind }) => kind === 'worker').detail, new RegExp(`^thread ${worker.threadId}, started at .*programs/told.mjs:${its}$`));
  await worker.terminate();
  const kept = await withNet(at);
  const server = new URL('at-work.mjs', import.meta.url);
  const serving = kept.effective(() => new Worker(server, { workerData: { name: 'x', port: 8080 } }));
  serving.postMessage(['serve']);
  await once(serving, 'message');
  assert.equal((await byAnother(kept.name)).filter(({ detail }) => /\(listening\): .*, made at .*programs\/lab.mjs:\d+$/.test(detail)).length, 1);
  assert.deepEqual((await kept.destroy({ sockets: 'keep' })).dying, [kept.name]);
  assert.equal((await byAnother(kept.name)).filter(({ pid, detail }) => pid === process.pid && /^made at .*programs\/lab.mjs:\d+: /.test(detail)).length, 1);
  await serving.terminate();
  await at.kernel.gc();

  const warnings = [];
  process.on('warning', ({ message }) => { warnings.push(message); });
  pooled.write('GET / HTTP/1.0\r\n');
  b.effective(() => pooled.write('\r\n'));
  await once(pooled.resume(), 'end');
  assert.deepEqual(warnings, [`a connection that image "${a.name}" made is used in image "${b.name}"`]);
  for (const server of servers) server.close();
});
