// One address and port, three servers, each the one of its image: TCP, UDP, abstract names; and what is not an image's.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { ask, closed, code, lab, serve, withNet } from './lab.mjs';

await lab(async (at) => {
  const [a, b] = [await withNet(at), await withNet(at)];
  const inEach = (fn) => Promise.all([a.effective(() => fn('a')), b.effective(() => fn('b')), fn('host')]);

  const servers = await inEach(serve);
  assert.deepEqual(await inEach(() => ask()), ['a', 'b', 'host']);

  // Not awaited: what is begun in the same turn still has the credential.
  const late = a.effective(() => net.createServer((socket) => socket.end('late')).listen(9000, '127.0.0.1'));
  await once(late, 'listening');
  const [text] = await once(a.effective(() => net.connect(9000, '127.0.0.1')).setEncoding('utf8'), 'data');
  assert.equal(text, 'late');
  await assert.rejects(ask(9000), { code: 'ECONNREFUSED' });

  const udp = async (name) => {
    const server = dgram.createSocket('udp4').on('message', (_, from) => server.send(name, from.port, from.address));
    await new Promise((resolve) => server.bind(5300, '127.0.0.1', resolve));
    const client = dgram.createSocket('udp4');
    const heard = once(client, 'message');
    client.send('?', 5300, '127.0.0.1');
    const [answer] = await heard;
    client.close();
    server.close();
    return String(answer);
  };
  assert.deepEqual(await inEach(udp), ['a', 'b', 'host']);

  // Joined before it is bound, the socket is made by that.
  await a.effective(async () => {
    const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
    await new Promise((resolve) => socket.bind(5353, resolve));
    socket.addMembership('224.0.0.251', '127.0.0.1');
    socket.dropMembership('224.0.0.251', '127.0.0.1');
    socket.close();
  });

  const abstract = async (name) => {
    const server = net.createServer((socket) => socket.end(name));
    await new Promise((resolve) => server.listen('\0vimage-test', resolve));
    const [answer] = await once(net.connect('\0vimage-test').setEncoding('utf8'), 'data');
    await closed(server);
    return answer;
  };
  assert.deepEqual(await inEach(abstract), ['a', 'b', 'host']);

  // Paths are not of the network stack: they are the caller's, until the image has files of its own.
  const path = `/tmp/vimage-${process.pid}.sock`;
  const byPath = await a.effective(() => new Promise((resolve) => { const server = net.createServer((socket) => socket.end('path')).listen(path, () => resolve(server)); }));
  assert.equal((await once(net.connect(path).setEncoding('utf8'), 'data'))[0], 'path');
  await closed(byPath);
  rmSync(path, { force: true });
  const files = await at.image('vir', 'net', 'vir', 'fs');
  assert.equal(await code(() => files.effective(() => once(net.connect(path), 'connect'))), 'ENOENT');
  assert.equal(await code(() => files.effective({ only: ['net', 'fs'] }, () => once(net.connect(path), 'connect'))), 'ENOTSUP');

  // What restricts who acts on an image, a running Node cannot be put under.
  const box = await at.image('vir', 'net', 'vir', 'priv');
  assert.equal(await code(() => box.effective(() => serve('box'))), 'ENOTSUP');
  await closed(await box.effective({ only: ['net'] }, () => serve('box')));

  // What there is to speak by.
  const eth = await at.image('vir', 'net', 'addr', 'lo=10.9.8.7/32');
  assert.deepEqual(eth.effective(() => Object.values(networkInterfaces()).flat().map(({ address }) => address)).includes('10.9.8.7'), true);
  assert.equal(Object.values(networkInterfaces()).flat().some(({ address }) => address === '10.9.8.7'), false);

  // Only: what is not covered stays.
  assert.equal(await a.effective({ only: [] }, () => ask()), 'host');
  // Nested, and back.
  assert.deepEqual(await a.effective(async () => [await ask(), await b.effective(() => ask()), await ask()]), ['a', 'b', 'a']);
  // Who lives there.
  assert.equal(await a.run(() => ask()), 'a');

  await Promise.all([closed(late), ...servers.map(closed)]);
});
