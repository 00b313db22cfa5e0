// Connections that are kept for later requests are those of one image, whoever asks next.
import assert from 'node:assert/strict';
import http from 'node:http';
import { ask, closed, lab, serve, withNet } from './lab.mjs';

await lab(async (at) => {
  const [a, b] = [await withNet(at), await withNet(at)];
  const servers = await Promise.all([a.effective(() => serve('a')), b.effective(() => serve('b')), serve('host')]);
  const inTurn = async (fn) => [await fn(), await a.effective(fn), await b.effective(fn), await fn(), await b.effective(fn), await a.effective(fn)];
  const right = ['host', 'a', 'b', 'host', 'b', 'a'];

  const fetched = async () => (await fetch('http://127.0.0.1:8080/')).text();
  assert.deepEqual(await inTurn(fetched), right);
  const many = (fn) => Promise.all(Array.from({ length: 60 }, (_, i) => [fn, () => a.effective(fn), () => b.effective(fn)][i % 3]()));
  const rightOnes = Array.from({ length: 60 }, (_, i) => ['host', 'a', 'b'][i % 3]);
  assert.deepEqual(await many(fetched), rightOnes);

  const by = (agent) => () => new Promise((resolve, reject) => {
    http.get({ port: 8080, host: '127.0.0.1', agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => setImmediate(resolve, text));
    }).on('error', reject);
  });
  assert.deepEqual(await inTurn(by(undefined)), right);
  const keeping = new http.Agent({ keepAlive: true });
  assert.deepEqual(await inTurn(by(keeping)), right);
  assert.equal(new Set(Object.keys(keeping.freeSockets)).size, 3);
  // One connection at a time: whoever gives his up makes the next one, for another.
  for (const agent of [new http.Agent({ maxSockets: 1, maxTotalSockets: 1 }), new http.Agent({ keepAlive: true, maxSockets: 1, maxTotalSockets: 1 })]) {
    assert.deepEqual(await many(by(agent)), rightOnes);
    agent.destroy();
  }
  keeping.destroy();

  // Made anew under a name that was there before: nothing of the old one answers.
  await a.destroy();
  const again = await at.kernel.create(['name', a.name, 'vir', 'net']);
  const server = await again.effective(() => serve('again'));
  assert.equal(await again.effective(fetched), 'again');
  assert.equal(await again.effective(by(undefined)), 'again');
  assert.equal(await again.effective(() => ask()), 'again');

  for (const each of [servers[1], servers[2], server]) {
    each.closeAllConnections();
    await closed(each);
  }
});
