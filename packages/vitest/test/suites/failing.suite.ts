import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'vitest';
import { cut, test } from '@vimage/vitest';

// Every test here fails, and leaves what it had: nothing of it may be left.
test('by an expectation, cut off from others', async ({ network }) => {
  const { a, b } = await network('a', 'b');
  const server = await a.effective(async () => {
    const made = createServer((socket) => { socket.on('error', () => undefined); }).listen(80);
    await once(made, 'listening');
    return made;
  });
  await b.effective(async () => {
    const socket = (await import('node:net')).connect(80, '10.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    await cut(a, b);
    socket.write('never heard');
  });
  expect(server.listening).toBe(false);
});

test('by time', { timeout: 300 }, async ({ image }) => {
  await image.effective(() => once(createServer().listen(80), 'never'));
});

test('with a program that goes on', async ({ image }) => {
  await once(image.spawn('sleep', ['1000']), 'spawn');
  await once(image.effective(() => spawn('sleep', ['1001'], { stdio: 'ignore' })), 'spawn');
  throw new Error('as it was told');
});
