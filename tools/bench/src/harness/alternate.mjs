import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs the sides strictly one after the other, A B A B (A B C A B C …): whatever else happens on the machine meanwhile happens to
 * both. `sides` maps a name to a function that returns its cost (any unit, the same for all). Returns the costs of the counted
 * rounds by name. `settle`: milliseconds after each run, for what a kernel does later (it frees network namespaces on its own time).
 */
export async function alternate(sides, { rounds, warmup = 2, settle = 0 }) {
  const costs = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = -warmup; round < rounds; round++) {
    for (const [name, run] of Object.entries(sides)) {
      const cost = await run();
      if (!(cost > 0)) throw new Error(`${name}: measured ${cost} in round ${round}`);
      if (round >= 0) costs[name].push(cost);
      if (settle > 0) await sleep(settle);
    }
  }
  return costs;
}

/** Nanoseconds that `work` took. */
export async function timed(work) {
  const from = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - from);
}
