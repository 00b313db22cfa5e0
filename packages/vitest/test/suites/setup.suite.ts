import { once } from 'node:events';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';

// Run with `setupFiles: ['@vimage/vitest/setup']`: nothing here knows of images.
describe.each(['this', 'that'])('%s', (name) => {
  test.concurrent.each(['one', 'two', 'three'])('%s has port 3000', async (each) => {
    const server = createServer((_, response) => { response.end(`${name} ${each}`); }).listen(3000);
    await once(server, 'listening');
    expect(await (await fetch('http://localhost:3000/')).text()).toBe(`${name} ${each}`);
    expect(Object.keys(networkInterfaces())).toEqual(['lo']);
  });
});
