import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { readlinkSync } from 'node:fs';
import { describe, expect, vi } from 'vitest';
import { cut, heal, missing, test } from '@vimage/vitest';

const seen = new Set<string>();

async function serve(text: string, port = 3000): Promise<void> {
  const server = createServer((_, response) => { response.end(text); });
  server.listen(port);
  await once(server, 'listening');
}

const ask = async (host: string, port = 3000): Promise<string> => (await fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(300) })).text();
const code = (error: unknown): unknown => (error instanceof Error && error.cause instanceof Error ? Reflect.get(error.cause, 'code') : error instanceof Error ? error.name : undefined);

describe.skipIf(missing !== undefined)(`an image for each test${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  describe('of its own', () => {
    test.for(['one', 'two', 'three'])('%s may have port 3000, and leave it open', async (name, { image }) => {
      await image.effective(() => serve(name));
      expect(await image.effective(() => ask('127.0.0.1'))).toBe(name);
      expect(seen).not.toContain(image.name);
      seen.add(image.name);
    });

    test.concurrent.for(['one', 'two', 'three', 'four'])('%s at the same time', async (name, { image, expect: its }) => {
      await image.effective(() => serve(name));
      await new Promise((resolve) => { setTimeout(resolve, 20); });
      its(await image.effective(() => ask('127.0.0.1'))).toBe(name);
    });

    test('all of them are gone', async ({ kernel }) => {
      expect(seen.size).toBe(3);
      expect((await kernel.list({ dying: true })).filter(({ name }) => seen.has(name))).toEqual([]);
    });

    test('a test that asks for none gets none', async ({ kernel }) => {
      expect((await kernel.list()).filter(({ name }) => name.startsWith(`test_${process.pid}_`))).toEqual([]);
    });

    const routed = test.extend({ spec: async ({}, use) => { await use({ net: { hosts: ['db=127.0.0.5'], sysctl: ['net.ipv4.ip_default_ttl=9'] } }); } });
    routed('as it is described', async ({ image }) => {
      expect(await image.effective(async () => { await serve('db'); return ask('db'); })).toBe('db');
      expect(image.effective(() => execFileSync('sysctl', ['-n', 'net.ipv4.ip_default_ttl'], { encoding: 'utf8' }))).toBe('9\n');
    });
  });

  describe('a network', () => {
    test('whose nodes know each other by name', async ({ image, network }) => {
      const { a, b } = await network('a', 'b');
      await Promise.all([a.effective(() => serve('a')), b.effective(() => serve('b'))]);
      expect(await a.effective(() => ask('b'))).toBe('b');
      expect(await b.effective(() => ask('a'))).toBe('a');
      expect(await a.effective(() => ask('a'))).toBe('a');
      expect(await image.effective(() => ask('b'))).toBe('b');
      expect(await b.effective(() => ask('[fd00::1]'))).toBe('a');
    });

    test('that is cut, side from side, and healed', async ({ image, network }) => {
      const { a, b, c } = await network('a', 'b', 'c');
      for (const [name, node] of Object.entries({ a, b, c })) await node.effective(() => serve(name));
      const asks = (from: typeof a, to: string): Promise<unknown> => from.effective(() => ask(to)).catch(code);
      await cut([a, b], c);
      expect(await Promise.all([asks(a, 'c'), asks(c, 'a'), asks(b, 'c'), asks(c, 'b')])).toEqual(Array.from({ length: 4 }, () => 'TimeoutError'));
      expect(await Promise.all([asks(a, 'b'), asks(b, 'a'), asks(image, 'c'), asks(c, 'c')])).toEqual(['b', 'a', 'c', 'c']);
      await heal(a, c);
      expect(await asks(a, 'c')).toBe('c');
      expect(await asks(b, 'c')).toBe('TimeoutError');
      await heal([a, b], c);
      await vi.waitFor(async () => { expect(await asks(c, 'b')).toBe('b'); });
      await cut(image, a);
      expect(await asks(image, 'a')).toBe('TimeoutError');
      // What is cut when the test ends goes as well.
    });

    test('is asked for once, with names that differ', async ({ network }) => {
      await expect(network()).rejects.toMatchObject({ code: 'EINVAL' });
      await network('a');
      await expect(network('b')).rejects.toMatchObject({ code: 'EEXIST', hint: expect.stringContaining('one call') });
    });

    test('no name stands there twice', async ({ network }) => {
      await expect(network('a', 'a')).rejects.toMatchObject({ code: 'EEXIST' });
    });

    test('of many', async ({ network }) => {
      const nodes = await network(...Array.from({ length: 20 }, (_, i) => `n${i}`));
      const all = Object.values(nodes);
      await all[19]?.effective(() => serve('last'));
      expect(await all[0]?.effective(() => ask('n19'))).toBe('last');
    });

    test('one cannot be cut from itself', async ({ network }) => {
      const { a, b } = await network('a', 'b');
      await expect(cut(a, [b, a])).rejects.toMatchObject({ code: 'EINVAL' });
      await heal(a, b);
    });
  });

  test('the process itself goes nowhere', () => {
    expect(readlinkSync('/proc/thread-self/ns/net')).toBe(readlinkSync('/proc/self/ns/net'));
  });
});
