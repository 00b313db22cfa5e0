// What a worker of workers.mjs does: it is asked by name, and answers.
import { execSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { Worker, parentPort, threadId, workerData, getEnvironmentData } from 'node:worker_threads';
import { ask, code, serve } from './lab.mjs';

let server;
const tasks = {
  serve: async () => { server = await serve(workerData.name, workerData.port); },
  ask: (port) => ask(port),
  fetch: async (port) => (await fetch(`http://127.0.0.1:${port}/`)).text(),
  lookup: async (name) => (await lookup(name)).address,
  stack: () => execSync('readlink /proc/self/ns/net', { encoding: 'utf8' }).trim(),
  interfaces: () => Object.keys(networkInterfaces()),
  tidy: () => [process.execArgv, getEnvironmentData('vimage.given'), typeof threadId],
  closed: () => new Promise((resolve) => { server.on('error', (error) => resolve(error.code)); }),
  refused: () => code(() => ask(8080)),
  nested: () => new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData });
    worker.on('message', ({ result }) => { void worker.terminate().then(() => resolve(result)); }).on('error', reject);
    worker.postMessage(['stack']);
  }),
  busy: (ms) => { for (const end = Date.now() + ms; Date.now() < end;); },
  fail: () => { setImmediate(() => { throw new Error('as it was told'); }); },
};
parentPort.on('message', ([name, ...args]) => {
  void Promise.resolve().then(() => tasks[name](...args)).then((result) => parentPort.postMessage({ name, result }), ({ message }) => parentPort.postMessage({ name, error: message }));
});
