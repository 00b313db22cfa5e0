import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, workspace, type World } from './world.ts';

const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url));
const imgexec = path.join(workspace, 'packages/linux/dist/imgexec');

/** Puts into imgexec's place, in this world only, the one that can be killed at any system call. */
export async function mountTracer(world: World): Promise<void> {
  const at = path.join(world.scratch, 'rounds');
  mkdirSync(at);
  const [real, program] = [path.join(at, 'real'), path.join(at, 'kill-call')];
  const defines = Object.entries({ REAL: real, ORDER: path.join(at, 'order'), ARMED: path.join(at, 'armed'), SAID: path.join(at, 'said') }).map(([key, value]) => `-D${key}="${value}"`);
  build('kill-call', program, '-static', ...defines);
  writeFileSync(real, '');
  await world.sh(`mount --bind ${imgexec} ${real}; mount --bind ${program} ${imgexec}`);
}

/**
 * Does a thing again and again, imgexec killed at another system call each time (see fixtures/rounds), from a given call of its first
 * process on, or all; how often each of its processes was killed.
 */
export async function rounds(world: World, what: string, from?: number): Promise<readonly number[]> {
  const argv = [process.execPath, path.join(fixtures, 'rounds/main.mjs'), what, ...(from === undefined ? [] : [String(from)])];
  const { status, out, err } = await world.run(argv, { env: { E2E_ROUNDS: path.join(world.scratch, 'rounds') }, timeout: 240_000 });
  if (status !== 0) throw new Error(err);
  return JSON.parse(out) as number[];
}
