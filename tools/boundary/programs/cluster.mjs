// A cluster in an image: its workers are started there, and what they listen on is the image's, whoever makes the socket.
import assert from 'node:assert/strict';
import cluster from 'node:cluster';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import net from 'node:net';

if (cluster.isWorker) {
  http.createServer((_, response) => response.end(process.env['NAME'])).listen(8080, '127.0.0.1');
} else {
  const { ask, lab, withNet } = await import('./lab.mjs');
  await lab(async (at) => {
    for (const policy of [cluster.SCHED_RR, cluster.SCHED_NONE]) {
      cluster.schedulingPolicy = policy;
      const [a, b] = [await withNet(at), await withNet(at)];
      const start = async (name) => {
        const workers = [cluster.fork({ NAME: name }), cluster.fork({ NAME: name })];
        await Promise.all(workers.map((worker) => once(worker, 'listening')));
        return workers;
      };
      const kill = async (workers) => {
        const gone = workers.map((worker) => once(worker, 'exit'));
        for (const worker of workers) worker.kill();
        await Promise.all(gone);
      };
      const inA = await a.effective(() => start('a'));
      assert.equal(await a.effective(() => ask()), 'a');
      await assert.rejects(ask(), { code: 'ECONNREFUSED' });
      await assert.rejects(() => b.effective(() => ask()), { code: 'ECONNREFUSED' });

      // Another cluster at the same address: each image has its own socket for it, and so has the process.
      const inB = await b.effective(() => start('b'));
      const here = await start('here');
      for (const name of ['a', 'a', 'a']) assert.equal(await a.effective(() => ask()), name);
      for (const name of ['b', 'b', 'b']) assert.equal(await b.effective(() => ask()), name);
      for (const name of ['here', 'here', 'here']) assert.equal(await ask(), name);

      // Who has the same stack is in the same cluster.
      const sharer = await at.image('vir', 'net', 'share', b.name);
      const more = await sharer.effective(() => start('b'));
      assert.equal(await sharer.effective(() => ask()), 'b');

      // An image that goes takes the socket with it, and neither the primary nor other clusters.
      const errors = [];
      net.Server.prototype.emit = function (name, ...args) {
        if (name === 'error') errors.push(args);
        return EventEmitter.prototype.emit.call(this, name, ...args);
      };
      await a.destroy();
      delete net.Server.prototype.emit;
      // The primary's listener would answer a worker that may have died: EPIPE, and the primary's end.
      assert.deepEqual(errors, []);
      assert.equal(await b.effective(() => ask()), 'b');
      await kill([...inA, ...inB, ...more, ...here]);
      await sharer.destroy();
      await b.destroy();
    }
  });
}
