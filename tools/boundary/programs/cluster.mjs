// A cluster in an image: its workers are started there, and what they listen on is the image's, whoever makes the socket.
import assert from 'node:assert/strict';
import cluster from 'node:cluster';
import { once } from 'node:events';
import http from 'node:http';

if (cluster.isWorker) {
  http.createServer((_, response) => response.end(process.env['NAME'])).listen(8080, '127.0.0.1');
} else {
  const { ask, lab, withNet } = await import('./lab.mjs');
  await lab(async (at) => {
    const [a, b] = [await withNet(at), await withNet(at)];
    for (const policy of [cluster.SCHED_RR, cluster.SCHED_NONE]) {
      cluster.schedulingPolicy = policy;
      const start = async (name) => {
        const workers = [cluster.fork({ NAME: name }), cluster.fork({ NAME: name })];
        await Promise.all(workers.map((worker) => once(worker, 'listening')));
        return workers;
      };
      const inA = await a.effective(() => start('a'));
      assert.equal(await a.effective(() => ask()), 'a');
      await assert.rejects(ask(), { code: 'ECONNREFUSED' });
      await assert.rejects(() => b.effective(() => ask()), { code: 'ECONNREFUSED' });
      const gone = inA.map((worker) => once(worker, 'exit'));
      for (const worker of inA) worker.kill();
      await Promise.all(gone);
    }
  });
}
