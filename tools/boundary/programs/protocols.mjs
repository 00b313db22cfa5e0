// What is built on sockets: TLS, HTTPS, HTTP/2 with and without it, WebSocket; each on one port in every image, and each reaching its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';
import { WebSocketServer } from 'ws';
import { closed, lab, withNet } from './lab.mjs';

// Without certificates: who speaks to whom is what is asked here.
const anonymous = { ciphers: 'aNULL:@SECLEVEL=0', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', rejectUnauthorized: false, checkServerIdentity: () => undefined };
const at = { host: '127.0.0.1', port: 8443, ...anonymous };

const listening = async (server, port) => {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

const protocols = {
  tls: {
    serve: (name) => tls.createServer(anonymous, (socket) => socket.end(name)),
    ask: async () => String((await once(tls.connect(at), 'data'))[0]),
  },
  https: {
    serve: (name) => https.createServer(anonymous, (_, response) => response.end(name)),
    ask: () => new Promise((resolve, reject) => {
      https.get(at, (response) => { response.setEncoding('utf8').on('data', resolve); }).on('error', reject);
    }),
  },
  'http2 in clear': {
    serve: (name) => http2.createServer((_, response) => response.end(name)),
    ask: () => streamed(() => http2.connect('http://127.0.0.1:8443')),
  },
  'http2 over TLS': {
    serve: (name) => http2.createSecureServer(anonymous, (_, response) => response.end(name)),
    ask: () => streamed(() => http2.connect('https://127.0.0.1:8443', anonymous)),
  },
};

/** Two streams of one session, the second after the session was kept for a while. */
async function streamed(connect) {
  const session = connect();
  const one = async () => {
    const stream = session.request({ ':path': '/' });
    let text = '';
    for await (const part of stream.setEncoding('utf8')) text += part;
    return text;
  };
  const first = await one();
  await new Promise((resolve) => { setTimeout(resolve, 5); });
  assert.equal(await one(), first);
  session.close();
  return first;
}

await lab(async (lab) => {
  const [a, b] = [await withNet(lab), await withNet(lab)];
  const inEach = (fn) => Promise.all([a.effective(() => fn('a')), b.effective(() => fn('b')), fn('host')]);

  for (const [name, { serve, ask }] of Object.entries(protocols)) {
    const servers = await inEach((who) => listening(serve(who), 8443));
    for (let i = 0; i < 3; i++) assert.deepEqual(await inEach(ask), ['a', 'b', 'host'], name);
    for (const server of servers) {
      server.closeAllConnections?.();
      await closed(server);
    }
  }

  // Node's own WebSocket, where there is one.
  if (typeof WebSocket === 'function') {
    const servers = await inEach(async (name) => {
      const server = new WebSocketServer({ port: 8080, host: '127.0.0.1' });
      server.on('connection', (socket) => socket.on('message', () => socket.send(name)));
      await once(server, 'listening');
      return server;
    });
    const ask = () => new Promise((resolve, reject) => {
      const socket = new WebSocket('ws://127.0.0.1:8080');
      socket.addEventListener('open', () => socket.send('?'));
      socket.addEventListener('message', ({ data }) => { socket.close(); resolve(data); });
      socket.addEventListener('error', () => reject(new Error('WebSocket')));
    });
    assert.deepEqual(await inEach(ask), ['a', 'b', 'host']);
    for (const server of servers) {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => { server.close(resolve); });
    }
  }

  // The image goes: a session ends with an error, and does not go on elsewhere.
  const server = await a.effective(() => listening(http2.createServer((_, response) => response.end('a')), 8443));
  const session = a.effective(() => http2.connect('http://127.0.0.1:8443'));
  await once(session, 'connect');
  const ended = new Promise((resolve) => { session.on('close', resolve); });
  session.on('error', () => undefined);
  server.on('session', (its) => its.on('error', () => undefined));
  server.on('error', () => undefined);
  await a.destroy();
  await ended;
  assert.equal(session.destroyed, true);
});
