import assert from 'node:assert/strict';
import http from 'node:http';
import { boot } from '@vimage/core';
import { linux } from '@vimage/linux';
import { vfs } from '@vimage/vfs';
import { vlimit } from '@vimage/vlimit';
import { vnet } from '@vimage/vnet';
import { vpriv } from '@vimage/vpriv';
import { vproc } from '@vimage/vproc';
import { vuser } from '@vimage/vuser';

let count = 0;

/** A kernel with every component, and images whose names no other program has; all of it ends with `fn`, which must leave no reference. */
export async function lab(fn) {
  const kernel = await boot({ substrate: linux(), components: [vnet, vproc, vfs, vuser, vpriv, vlimit] });
  const image = (...pairs) => kernel.create(['name', `b${process.pid}_${count++}`, ...pairs]);
  try {
    await fn({ kernel, image });
  } finally {
    await kernel.close();
  }
  console.log('ok');
}

/** An image with a network stack of its own. */
export const withNet = (at) => at.image('vir', 'net');

/** A server that says `name` to whoever asks. */
export async function serve(name, port = 8080, host = '127.0.0.1') {
  const server = http.createServer((_request, response) => response.end(name));
  await new Promise((resolve, reject) => server.on('error', reject).listen(port, host, resolve));
  return server;
}

/** What is answered to a request over a connection of its own. */
export const ask = (port = 8080, host = '127.0.0.1') => new Promise((resolve, reject) => {
  http.get({ port, host, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => resolve(text));
  }).on('error', reject);
});

export const closed = (server) => new Promise((resolve) => { server.close(resolve); });

/** The code of what `fn` throws or rejects with. */
export async function code(fn) {
  try {
    await fn();
  } catch (error) {
    return error.code;
  }
  return assert.fail('nothing was thrown');
}
