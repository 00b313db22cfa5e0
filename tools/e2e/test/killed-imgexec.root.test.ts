import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mountTracer, rounds } from './lib/tracer.ts';
import { cannot, World } from './lib/world.ts';

const why = cannot();

/**
 * imgexec is killed at every one of its system calls, one by one, while the library has it make, change, run in and remove an image with
 * net and proc. The caller gets an answer, soon; gc and the next command leave the machine as it was.
 */
describe.skipIf(why !== undefined)(`kill -9 of imgexec at every system call${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
    await mountTracer(world);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('that serves create and run, or is a pid 1', { timeout: 250_000 }, async () => {
    const [server = 0, view = 0, image = 0, ...more] = await rounds(world, 'create');
    expect(more).toEqual([]);
    expect(server).toBeGreaterThan(60);
    expect(view).toBeGreaterThan(10);
    expect(image).toBeGreaterThan(5);
    // The same requests lead up to the image; what follows in run is its end, on the same server.
    const [end = 0] = await rounds(world, 'run', server - 6);
    expect(end).toBeGreaterThan(15);
  });

  it.each([['set', 10], ['destroy', 25]] as const)('that serves %s', { timeout: 250_000 }, async (what, least) => {
    const [server = 0] = await rounds(world, what);
    expect(server).toBeGreaterThan(least);
  });

  // The launcher, and what it starts: the command as long as it is imgexec. `exec -e` starts nothing, it becomes the command.
  it.each([['run, its launcher', [40, 20]], ['exec', [25, 8]], ['exec -e', [25]], ['exec -e --only proc', [15, 8]], ['exec -d', [20, 8]]] as const)('that enters by %s', { timeout: 250_000 }, async (what, least) => {
    const counts = await rounds(world, what);
    expect(counts.length).toBe(least.length);
    for (const [i, count] of counts.entries()) expect(count).toBeGreaterThan(least[i] ?? Infinity);
  });
});
