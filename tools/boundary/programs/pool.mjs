// The threads of libuv's pool stand where the process does, though the first who uses them is in an image: what is read by them is the process's.
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import { lab, serve, withNet } from './lab.mjs';

await lab(async (at) => {
  const outside = readlinkSync('/proc/thread-self/ns/net');
  const a = await withNet(at);
  const server = await a.effective(() => serve('a'));
  const reads = async () => Promise.all(Array.from({ length: 40 }, () => readlink('/proc/thread-self/ns/net')));
  assert.deepEqual(new Set([...await a.effective(reads), ...await reads()]), new Set([outside]));
  assert.equal((await readFile('/proc/thread-self/net/dev', 'utf8')).trim().split('\n').length > 2, true);
  server.close();
});
