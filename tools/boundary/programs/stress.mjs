// Eight images, ten thousand requests of many kinds at once, with waits, timers, aborts and failures between: every answer is of the image that was asked.
import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import http from 'node:http';
import { readlinkSync } from 'node:fs';
import net from 'node:net';
import { ask, lab } from './lab.mjs';

const total = Number(process.argv[2] ?? 10_000);
let seed = 7;
/** The same numbers in every run (a linear congruential generator). */
const random = (below) => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return seed % below;
};
const tick = [
  () => undefined,
  () => new Promise((resolve) => { setTimeout(resolve, random(4)); }),
  () => new Promise((resolve) => { setImmediate(resolve); }),
  () => new Promise((resolve) => { process.nextTick(resolve); }),
  async () => { for (let i = random(5); i > 0; i -= 1) await undefined; },
];
const agent = new http.Agent({ keepAlive: true, maxSockets: 4, maxTotalSockets: 12 });
const kinds = {
  fetch: async () => (await fetch('http://127.0.0.1:8080/')).text(),
  own: () => ask(),
  kept: () => new Promise((resolve, reject) => {
    http.get({ port: 8080, host: '127.0.0.1', agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => resolve(text)).on('error', reject);
    }).on('error', reject);
  }),
  aborted: async () => {
    const controller = new AbortController();
    const answer = fetch('http://127.0.0.1:8080/slow', { signal: controller.signal }).then(() => assert.fail('was answered'), (error) => error.name);
    await tick[random(tick.length)]();
    controller.abort();
    assert.equal(await answer, 'AbortError');
    return undefined;
  },
  failing: async () => {
    await assert.rejects(new Promise((resolve, reject) => { net.connect(9, '127.0.0.1', resolve).on('error', reject); }), { code: 'ECONNREFUSED' });
    return undefined;
  },
  throwing: async () => {
    try {
      net.connect(99_999, '127.0.0.1');
    } catch (error) {
      assert.equal(error.code, 'ERR_SOCKET_BAD_PORT');
    }
    return undefined;
  },
};
const names = Object.keys(kinds);

await lab(async (at) => {
  const outside = readlinkSync('/proc/thread-self/ns/net');
  const images = await Promise.all(Array.from({ length: 8 }, () => at.image('vir', 'net')));
  const servers = await Promise.all(images.map((image, i) => image.effective(async () => {
    const server = http.createServer((request, response) => { if (request.url !== '/slow') response.end(`image ${i}`); });
    await new Promise((resolve) => { server.listen(8080, '127.0.0.1', resolve); });
    return server;
  })));
  const rejections = [];
  process.on('unhandledRejection', (error) => { rejections.push(error); });

  // Nobody may ever run with the thread elsewhere: it is looked at whenever something begins to run.
  let looks = 0;
  const hook = createHook({ before: () => { if (looks++ % 50 === 0) assert.equal(readlinkSync('/proc/thread-self/ns/net'), outside); } }).enable();
  let left = total;
  const wrong = [];
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const i = random(images.length);
      const kind = names[random(names.length)];
      const before = tick[random(tick.length)];
      const answer = await images[i].effective(async () => { await before(); const got = await kinds[kind](); await tick[random(tick.length)](); return got; });
      if (answer !== undefined && answer !== `image ${i}`) wrong.push([kind, i, answer]);
      assert.equal(readlinkSync('/proc/thread-self/ns/net'), outside);
    }
  };
  await Promise.all(Array.from({ length: 40 }, worker));
  hook.disable();
  assert.deepEqual(wrong, []);
  assert.deepEqual(rejections, []);
  agent.destroy();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});
