// Does one thing so many times in an image: how often the thread crosses for it is counted from outside.
import { once } from 'node:events';
import dgram from 'node:dgram';
import net from 'node:net';
import { execFileSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { ask, closed, lab, serve } from './lab.mjs';

const [, , what = 'connect', times = '3'] = process.argv;
const things = {
  connect: async () => { await ask(); },
  listen: async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    await closed(server);
  },
  datagram: async () => {
    const socket = dgram.createSocket('udp4');
    await new Promise((resolve) => { socket.send('x', 9, '127.0.0.1', resolve); });
    socket.close();
  },
  program: async () => { execFileSync('true'); },
  name: async () => { await lookup('there'); },
  kept: async ({ socket }) => { socket.write('x'); await new Promise((resolve) => { setImmediate(resolve); }); },
};

await lab(async (at) => {
  const image = await at.image('vir', 'net', 'hosts', 'there=127.0.0.2');
  await image.effective(async () => {
    const server = await serve('a');
    const sink = net.createServer((socket) => socket.resume()).listen(7, '127.0.0.1');
    const socket = net.connect(7, '127.0.0.1');
    await once(socket, 'connect');
    for (let i = 0; i < Number(times); i++) await things[what]({ socket });
    socket.destroy();
    await closed(sink);
    await closed(server);
  });
});
