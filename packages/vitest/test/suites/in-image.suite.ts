import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, test as plain } from 'vitest';
import { inImage, missing, test } from '@vimage/vitest';

const ask = async (): Promise<string> => (await fetch('http://127.0.0.1:3000/')).text();

describe.skipIf(missing !== undefined)(`tests that are in an image${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  inImage();
  let server: Server | undefined;
  let text = '';

  beforeEach(async ({ task }) => {
    text = task.name;
    server = createServer((_, response) => { response.end(task.name); });
    server.listen(3000, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => { server?.close(); });

  plain.for(['one', 'two'])('know nothing of it: %s', async () => {
    expect(await ask()).toBe(text);
    expect(Object.keys(networkInterfaces())).toEqual(['lo']);
    expect(execFileSync('ls', ['/sys/class/net'], { encoding: 'utf8' })).toBe('lo\n');
  });

  test('may ask for it', async ({ image }) => {
    expect(await ask()).toBe('may ask for it');
    expect((await image.refs()).some(({ kind }) => kind === 'socket')).toBe(true);
  });

  test('and for a network, which it hears', async ({ network }) => {
    const { a } = await network('a');
    await a.effective(() => once(createServer((_, response) => { response.end('a'); }).listen(3000), 'listening'));
    expect(await (await fetch('http://a:3000/')).text()).toBe('a');
    expect(await ask()).toBe('and for a network, which it hears');
  });

  plain('fail as they do', async () => {
    await expect(fetch('http://127.0.0.1:3001/')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });
});

describe.skipIf(missing !== undefined)('those beside them', () => {
  plain('are where they were', () => {
    expect(Object.keys(networkInterfaces())).not.toEqual([]);
  });
});
