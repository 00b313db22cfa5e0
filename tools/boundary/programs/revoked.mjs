// What becomes of contexts and sockets when their image is removed: here, by another process, and with the sockets kept.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { promisify } from 'node:util';
import { ask, code, lab, serve, withNet } from './lab.mjs';

const imgctl = new URL('../../../packages/imgctl/bin/imgctl.js', import.meta.url).pathname;

await lab(async (at) => {
  // Who listens for errors is told, who does not sees the end, and nobody is left.
  const a = await withNet(at);
  const server = await a.effective(() => serve('a'));
  server.removeAllListeners('error');
  const client = a.effective(() => net.connect(8080, '127.0.0.1'));
  await once(client, 'connect');
  const heard = once(client, 'error');
  const gone = new Promise((resolve) => { server.on('close', resolve); });
  let wake;
  const waiting = a.effective(async () => {
    await new Promise((resolve) => { wake = resolve; });
    return ask();
  });
  assert.equal((await a.refs()).filter(({ kind, detail }) => kind === 'socket' && detail.includes(':8080')).length >= 1, true);
  assert.deepEqual((await a.destroy()).dying, []);
  assert.equal((await heard)[0].code, 'ECONNABORTED');
  await gone;
  wake();
  assert.equal(await code(() => waiting), 'ESRCH');
  assert.equal(await code(() => a.effective(() => ask())), 'ESRCH');

  // By another process.
  const b = await withNet(at);
  const other = await b.effective(() => serve('b'));
  const closing = code(() => once(other, 'close'));
  await promisify(execFile)(process.execPath, [imgctl, 'destroy', b.name]);
  assert.equal(await closing, 'ECONNABORTED');
  assert.equal(await code(() => b.effective(() => ask())), 'ESRCH');

  // Kept: the image is dying, and gone with the last of them.
  const c = await withNet(at);
  const kept = await c.effective(() => serve('c'));
  assert.deepEqual((await c.destroy({ sockets: 'keep' })).dying, [c.name]);
  assert.equal(kept.listening, true);
  await new Promise((resolve) => { kept.close(resolve); });
  await at.kernel.gc();
  assert.deepEqual((await at.kernel.list({ dying: true })).filter(({ name }) => name === c.name), []);
});
