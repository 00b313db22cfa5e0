import { expect } from 'vitest';
import { mainFile, World, type Result } from './world.ts';

const preload = new URL('../fixtures/kill-at.mjs', import.meta.url).href;

/** An image that takes something of everything. */
export const web: readonly string[] = ['name', 'web', 'vir', 'net', 'veth', 'eth0=parent:web0', 'addr', 'eth0=10.7.0.2/24', 'vir', 'proc'];

/** imgctl, killed before its act number `at` on the machine. */
export function killed(world: World, at: number, ...args: readonly string[]): Promise<Result> {
  return world.run([process.execPath, '--import', preload, mainFile, ...args], { env: { E2E_KILL_AT: String(at) } });
}

/** Runs `once` with n = 0, 1, ... until the command was not killed any more; how often it was. */
export async function enumerate(once: (n: number) => Promise<Result>): Promise<number> {
  for (let n = 0; n < 400; n++) {
    const result = await once(n);
    if (result.status !== 137 && result.signal !== 'SIGKILL') {
      expect(result.status, result.err).toBe(0);
      return n;
    }
  }
  throw new Error('it never came to its end');
}

/** Nothing is left but what was there before. A network namespace that nobody has any more takes its cables with it in the kernel's own time. */
export function settled(world: World, before: readonly string[], message: string): Promise<void> {
  return expect.poll(() => world.traces(), { timeout: 3000, message }).toEqual(before);
}
