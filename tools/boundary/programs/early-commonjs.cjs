// What was taken out of Node's modules before anything was wrapped is refused in an image, and goes on outside.
const { Worker, MessageChannel } = require('node:worker_threads');
const { lookup, lookupService } = require('node:dns').promises;
const assert = require('node:assert/strict');
const { once } = require('node:events');

class Own extends Worker {}

void (async () => {
  const { code, lab, serve, withNet } = await import('./lab.mjs');
  await lab(async (at) => {
    const a = await withNet(at);
    const server = await a.effective(() => serve('a'));
    const start = (Cls) => new Cls('', { eval: true });
    for (const Cls of [Worker, Own]) {
      assert.equal(await code(() => a.effective(() => start(Cls))), 'EOPNOTSUPP');
      await once(start(Cls), 'exit');
      await once(a.effective({ only: [] }, () => start(Cls)), 'exit');
    }
    assert.equal(await code(() => a.effective(() => lookup('localhost'))), 'EOPNOTSUPP');
    assert.equal(await code(() => a.effective(() => lookupService('127.0.0.1', 80))), 'EOPNOTSUPP');
    assert.equal((await lookup('localhost', { family: 4 })).address, '127.0.0.1');
    assert.equal((await a.effective({ only: [] }, () => lookup('localhost', { family: 4 }))).address, '127.0.0.1');
    // What is taken where it is used is led there.
    assert.equal((await a.effective(() => require('node:dns').promises.lookup('localhost', { family: 4 }))).address, '127.0.0.1');
    await once(a.effective(() => new (require('node:worker_threads').Worker)('', { eval: true })), 'exit');
    // Messages of one's own are.
    const { port1, port2 } = new MessageChannel();
    a.effective(() => port1.postMessage({ publicPort: 1, other: 2 }));
    assert.deepEqual((await once(port2, 'message'))[0].other, 2);
    port1.close();
    server.close();
  });
})();
