// Clients and servers that know nothing of images, twice each on one address and port, in one process: each reaches the one of its image.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import grpc from '@grpc/grpc-js';
import express from 'express';
import { Redis } from 'ioredis';
import pg from 'pg';
import * as undici from 'undici';
import { WebSocket as WsClient, WebSocketServer } from 'ws';
import { lab, withNet } from './lab.mjs';

const postgres = readdirSync('/usr/lib/postgresql').sort().map((version) => `/usr/lib/postgresql/${version}/bin`).at(-1);
const id = (what) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
const user = { uid: id('-u'), gid: id('-g') };

/** Ends when `listening` is said. */
async function ready(child, listening) {
  let said = '';
  for await (const chunk of child.stderr ?? child.stdout) {
    said += chunk;
    if (listening.test(said)) return child;
  }
  return assert.fail(said);
}

/** Everything in one image. */
async function world(name, data) {
  const redis = await ready(spawn('redis-server', ['--port', '6379', '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { cwd: data, stdio: ['ignore', 'pipe', 'inherit'] }).on('error', assert.fail), /Ready to accept/);
  redis.stdout?.resume();
  const base = await ready(spawn(`${postgres}/postgres`, ['-D', data, '-h', '127.0.0.1', '-k', ''], { ...user, stdio: ['ignore', 'ignore', 'pipe'] }), /ready to accept/);
  base.stderr.resume();

  const app = express();
  app.get('/', (_request, response) => { response.send(name); });
  const http = await new Promise((resolve) => { const server = app.listen(8080, '127.0.0.1', () => resolve(server)); });
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(`${text} ${name}`)));

  const service = { say: { path: '/test/say', requestStream: false, responseStream: false, requestSerialize: Buffer.from, requestDeserialize: String, responseSerialize: Buffer.from, responseDeserialize: String } };
  const rpc = new grpc.Server();
  rpc.addService(service, { say: ({ request }, callback) => callback(null, `${request} ${name}`) });
  await new Promise((resolve, reject) => { rpc.bindAsync('127.0.0.1:50051', grpc.ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())); });

  const pool = new pg.Pool({ host: '127.0.0.1', user: 'postgres', database: 'postgres', max: 3 });
  const cache = new Redis({ host: '127.0.0.1' });
  const Client = grpc.makeGenericClientConstructor(service, 'test');
  // Subchannels are shared by the whole process unless they are asked not to be.
  const client = new Client('127.0.0.1:50051', grpc.credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  await pool.query('create table said (word text)');
  await pool.query('insert into said values ($1)', [name]);
  await cache.set('name', name);

  return {
    asks: {
      pg: async () => (await pool.query('select word from said')).rows[0].word,
      redis: () => cache.get('name'),
      express: async () => (await fetch('http://127.0.0.1:8080/')).text(),
      undici: async () => (await undici.request('http://127.0.0.1:8080/')).body.text(),
      ws: async () => {
        const socket = new WsClient('ws://127.0.0.1:8080/');
        await once(socket, 'open');
        socket.send('hello');
        const [text] = await once(socket, 'message');
        socket.close();
        return String(text).replace('hello ', '');
      },
      grpc: async () => (await new Promise((resolve, reject) => { client.say('hello', (error, text) => (error ? reject(error) : resolve(text))); })).replace('hello ', ''),
    },
    end: async () => {
      client.close();
      rpc.forceShutdown();
      cache.disconnect();
      await pool.end();
      sockets.close();
      http.closeAllConnections();
      http.close();
      for (const child of [redis, base]) {
        const gone = once(child, 'exit');
        child.kill('SIGINT');
        await gone;
      }
    },
  };
}

const dirs = [mkdtempSync(path.join(tmpdir(), 'vimage-pg-'))];
const [first] = dirs;
execFileSync('chown', ['postgres', first]);
execFileSync(`${postgres}/initdb`, ['-D', first, '-A', 'trust', '-N'], { ...user, stdio: 'ignore', cwd: '/' });
dirs.push(`${first}-b`);
cpSync(first, dirs[1], { recursive: true });
execFileSync('chown', ['-R', 'postgres', dirs[1]]);
execFileSync('chmod', ['700', dirs[1]]);
try {
  await lab(async (at) => {
    const images = { a: await withNet(at), b: await withNet(at) };
    const worlds = { a: await images.a.effective(() => world('a', dirs[0])), b: await images.b.effective(() => world('b', dirs[1])) };
    try {
      for (let round = 0; round < 5; round += 1) {
        const all = Object.keys(worlds.a.asks).flatMap((kind) => ['a', 'b'].map(async (name) => [kind, name, await images[name].effective(worlds[name].asks[kind])]));
        for (const [kind, name, answer] of await Promise.all(all)) assert.equal(answer, name, kind);
      }
    } finally {
      for (const name of ['a', 'b']) await images[name].effective(worlds[name].end);
    }
  });
} finally {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
}
