import { expect } from 'vitest';
import type { Result, World } from './world.ts';

/** A mistake: the command fails with a code, says nothing else, and tells what to do: a hint, or the place with what was expected. */
export async function mistake(world: World, status: number, ...args: readonly string[]): Promise<string> {
  const result: Result = await world.imgctl(...args);
  const line = args.join(' ').slice(0, 200);
  expect(result, line).toMatchObject({ status, out: '' });
  expect(result.err, line).toMatch(/^(?:imgctl|imgexec): E[A-Z0-9]+: /m);
  expect(result.err.trimEnd().split('\n').length > 1 || /expected|imgctl (?:destroy|ls|create)/.test(result.err), `${line}: it says what to do: ${result.err}`).toBe(true);
  return result.err;
}

/** Several that do not meet, two at a time. */
export async function mistakes(world: World, cases: readonly (readonly [status: number, args: readonly string[], expected: RegExp])[]): Promise<void> {
  const left = [...cases];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [status, args, expected] = next;
      expect(await mistake(world, status, ...args), args.join(' ').slice(0, 200)).toMatch(expected);
    }
  };
  await Promise.all([work(), work()]);
}
