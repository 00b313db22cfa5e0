import { afterAll, beforeAll, expect, vi } from 'vitest';
import { leaks, machine, type Machine } from '@vimage/testing/leaks';

/** After every test file, in a room: what is on the machine now and was not before fails it. What the kernel frees in its own time is waited for. */
const kinds = ['mounts', 'namespaces', 'links', 'processes', 'cgroups', 'fds'] as const;
let before: Machine | undefined;

beforeAll(() => {
  if (process.env['VIMAGE_ROOM'] !== undefined) before = machine({ from: process.ppid });
});

afterAll(async () => {
  if (before === undefined) return;
  const at = before;
  await vi.waitFor(() => {
    expect(leaks(at, machine({ from: process.ppid }), kinds), 'the test file left something').toEqual([]);
  }, { timeout: 10_000, interval: 100 });
}, 20_000);
