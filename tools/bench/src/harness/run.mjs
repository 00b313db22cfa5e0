import { Missing } from './machine.mjs';

/**
 * Runs a scenario; one result per row of the table. A scenario returns, by row, the costs of both sides (ours first), or a Missing
 * for a peer that is not here. What goes wrong on either side is an error, never a figure.
 */
export async function measure(scenario, rounds = scenario.rounds) {
  let sides;
  try {
    sides = await scenario.run({ rounds });
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    sides = Object.fromEntries(Object.keys(scenario.rows).map((key) => [key, error]));
  }
  return Object.entries(scenario.rows).map(([key, { what, against, bound, why }]) => {
    const result = { scenario: scenario.name, what, against, bound, why };
    const side = sides[key];
    if (side === undefined) throw new Error(`${scenario.name}: nothing was measured for "${key}"`);
    if (side instanceof Missing) return { ...result, missing: side.message };
    const ratios = bound.ratios(...side);
    return { ...result, ratios, measured: bound.judge(ratios) };
  });
}
