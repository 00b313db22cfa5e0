export const rounds = Number(process.argv[2] ?? 60);

/**
 * Costs of each side by name: `times` calls per round, sides in turn. Every call's result is checked, so that none of them can be
 * optimised away, and the first rounds, in which the code is still being compiled, are not counted.
 */
export function loop(sides, expected, { rounds: counted, times, warmup = 20 }) {
  const costs = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = -warmup; round < counted; round++) {
    for (const [name, side] of Object.entries(sides)) {
      const from = process.hrtime.bigint();
      let sum = 0;
      for (let i = 0; i < times; i++) sum += side();
      const took = Number(process.hrtime.bigint() - from);
      if (sum !== expected * times) throw new Error(`${name}: ${sum}, expected ${expected * times}`);
      if (round >= 0) costs[name].push(took);
    }
  }
  return costs;
}
