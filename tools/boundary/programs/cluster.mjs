// A cluster in an image: its workers are started there, and what they listen on is the image's, whoever makes the socket.
import assert from 'node:assert/strict';
import cluster from 'node:cluster';
import { once } from 'node:events';
import http from 'node:http';
import { Worker } from 'node:worker_threads';

if (cluster.isWorker) {
  http.createServer((_, response) => response.end(process.env['NAME'])).listen(8080, '127.0.0.1');
} else {
  const { ask, code, lab, withNet } = await import('./lab.mjs');
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
    // A thread of this process would have to be in two places: its names are resolved by the pool, which is everybody's.
    assert.equal(await code(() => a.effective(() => new Worker('', { eval: true }))), 'EOPNOTSUPP');
    const [exit] = await once(a.effective({ only: [] }, () => new Worker('', { eval: true })), 'exit');
    assert.equal(exit, 0);
  });
}
