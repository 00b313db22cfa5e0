// The same, of a program in CommonJS, which has read nothing by the pool when it begins.
const assert = require('node:assert/strict');
const { promises: fs, readlinkSync } = require('node:fs');
const http = require('node:http');

import('./lab.mjs').then(({ lab, withNet }) => lab(async (at) => {
  const outside = readlinkSync('/proc/thread-self/ns/net');
  const a = await withNet(at);
  const server = a.effective(() => http.createServer().listen(8080));
  const reads = async () => Promise.all(Array.from({ length: 40 }, () => fs.readlink('/proc/thread-self/ns/net')));
  assert.deepEqual(new Set([...await a.effective(reads), ...await reads()]), new Set([outside]));
  server.close();
}));
