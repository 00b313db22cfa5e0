// Work acts with the credential it was queued with, however it is queued; and what is thrown leaves no crossing open.
import assert from 'node:assert/strict';
import { AsyncResource, AsyncLocalStorage } from 'node:async_hooks';
import dgram from 'node:dgram';
import { EventEmitter, EventEmitterAsyncResource, once } from 'node:events';
import { readlinkSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { Readable, Transform, pipeline } from 'node:stream';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ask, closed, code, lab, serve, withNet } from './lab.mjs';

await lab(async (at) => {
  const [a, b] = [await withNet(at), await withNet(at)];
  const servers = [await a.effective(() => serve('a')), await b.effective(() => serve('b')), await serve('host')];
  const home = readlinkSync('/proc/thread-self/ns/net');
  const right = async (name, fn) => {
    const answers = await Promise.all([a.effective(fn), b.effective(fn), fn()]);
    assert.deepEqual(answers, ['a', 'b', 'host'], name);
    assert.equal(readlinkSync('/proc/thread-self/ns/net'), home, name);
  };
  const later = (queue) => () => new Promise((resolve, reject) => { queue(() => { ask().then(resolve, reject); }); });

  await right('nextTick', later((fn) => process.nextTick(fn)));
  await right('microtask', later((fn) => queueMicrotask(fn)));
  await right('timeout', later((fn) => setTimeout(fn, 5)));
  await right('immediate', later((fn) => setImmediate(fn)));
  await right('interval', later((fn) => { const timer = setInterval(() => { clearInterval(timer); fn(); }, 2); }));
  await right('promises', async () => { await sleep(2); await turn(); await null; return ask(); });
  await right('thenable', async () => { await { then: (done) => setTimeout(done, 1) }; return ask(); });
  await right('generator', async () => {
    const parts = [];
    for await (const part of (async function* () { await sleep(1); yield ask(); yield ask(); })()) parts.push(part);
    assert.equal(parts[0], parts[1]);
    return parts[0];
  });
  await right('callback made a promise', promisify((done) => { setTimeout(() => { ask().then((text) => done(null, text), done); }, 1); }));

  await right('streams', () => new Promise((resolve, reject) => {
    const said = [];
    const asking = new Transform({ objectMode: true, transform(_chunk, _encoding, done) { ask().then((text) => done(null, text), done); } });
    pipeline(Readable.from([1, 2, 3]), asking, async function* (from) { for await (const text of from) said.push(text); yield ''; }, (error) => { if (error) reject(error); else resolve([...new Set(said)].join()); }).resume?.();
  }));
  await right('a socket\'s own events', () => new Promise((resolve, reject) => {
    net.connect(8080, '127.0.0.1').on('connect', function () { this.destroy(); }).on('close', () => { ask().then(resolve, reject); });
  }));
  await right('a server\'s requests', async () => {
    // What serves in an image acts on it: a request is answered by asking another server there.
    const proxy = http.createServer((_, response) => { ask().then((text) => response.end(text)); });
    await new Promise((resolve) => { proxy.listen(8090, '127.0.0.1', resolve); });
    const text = await ask(8090);
    await closed(proxy);
    return text;
  });
  await right('datagrams', async () => {
    const socket = dgram.createSocket('udp4');
    await new Promise((resolve) => { socket.bind(5301, '127.0.0.1', resolve); });
    const said = new Promise((resolve, reject) => { socket.on('message', () => { ask().then(resolve, reject); }); });
    socket.send('x', 5301, '127.0.0.1');
    const text = await said;
    socket.close();
    return text;
  });

  // An emitter runs its listeners where it is told to emit; one that is bound, where it was made.
  const kept = [];
  const emitters = await Promise.all([a, b].map((image) => image.effective(() => kept.push(net.createServer().listen(8070)) && [new EventEmitter(), new EventEmitterAsyncResource({ name: 'captured' }), AsyncResource.bind((fn) => fn()), AsyncLocalStorage.bind((fn) => fn())])));
  for (const [i, [plain, bound, resource, storage]] of emitters.entries()) {
    const heard = (emitter) => new Promise((resolve, reject) => { emitter.once('go', () => { ask().then(resolve, reject); }); });
    const own = ['a', 'b'][i];
    const other = [b, a][i];
    const answers = [heard(plain), heard(bound)];
    other.effective(() => { plain.emit('go'); bound.emit('go'); });
    assert.deepEqual(await Promise.all(answers), [['b', 'a'][i], own]);
    assert.equal(await other.effective(() => resource(() => ask())), own);
    assert.equal(await other.effective(() => storage(() => ask())), own);
    assert.equal(await resource(() => ask()), own);
  }
  for (const server of kept) await closed(server);
  // A function that was made elsewhere acts where it is called.
  const made = a.effective(() => () => ask());
  assert.equal(await b.effective(() => made()), 'b');

  // What is thrown in a boundary, or behind it.
  const stays = (what) => assert.equal(readlinkSync('/proc/thread-self/ns/net'), home, what);
  const refusing = Object.assign(new net.Socket(), {});
  assert.throws(() => a.effective(() => refusing.connect({ port: 80, host: '127.0.0.1', localAddress: 'no address' })), { code: 'ERR_INVALID_IP_ADDRESS' });
  stays('a wrong address');
  assert.throws(() => a.effective(() => { throw new Error('of its own'); }), /of its own/);
  assert.throws(() => a.effective(() => net.connect({ port: 70_000 })), { code: 'ERR_SOCKET_BAD_PORT' });
  await assert.rejects(a.effective(async () => { await sleep(1); throw new Error('later'); }), /later/);
  assert.equal(await code(() => a.effective(() => once(net.connect(1, '127.0.0.1'), 'connect'))), 'ECONNREFUSED');
  assert.equal(await code(() => a.effective(() => once(net.createServer().listen(8080, '127.0.0.1'), 'listening'))), 'EADDRINUSE');
  assert.equal(await code(() => a.effective(() => once(net.connect(80, '192.0.2.1'), 'connect'))), 'ENETUNREACH');
  stays('errors of the kernel');
  const proto = Object.getPrototypeOf(servers[0]._handle);
  assert.throws(() => a.effective(() => Reflect.apply(proto.bind, {}, ['127.0.0.1', 9])), TypeError);
  stays('what is no handle');
  assert.equal(await ask(), 'host');

  const rejections = [];
  const listener = (error) => { rejections.push(error.message); };
  process.on('unhandledRejection', listener);
  await a.effective(async () => {
    void Promise.reject(new Error('nobody waits'));
    void (async () => { await ask(); throw new Error('nobody waits for this'); })();
    setTimeout(() => { void Promise.reject(new Error('nor here')); }, 1);
    await sleep(50);
  });
  process.off('unhandledRejection', listener);
  assert.deepEqual(rejections.sort(), ['nobody waits', 'nobody waits for this', 'nor here']);
  const uncaught = once(process, 'uncaughtException');
  a.effective(() => { setTimeout(() => { throw new Error('thrown in a timer'); }, 1); });
  assert.equal((await uncaught)[0].message, 'thrown in a timer');
  stays('what nobody caught');
  assert.deepEqual(await Promise.all([a.effective(() => ask()), ask()]), ['a', 'host']);

  // Too late: what has ended does nothing more, and the reader is told why.
  const late = a.effective(() => AsyncResource.bind((fn) => fn()));
  await sleep(10);
  const warning = once(process, 'warning');
  assert.equal(await code(() => late(() => ask())), 'ESRCH');
  assert.match((await warning)[0].message, /went on when its function was done/);
  assert.match((await warning)[0].detail, /await what the function starts/);

  for (const server of servers) await closed(server);
});
