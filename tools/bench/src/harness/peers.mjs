import { Missing } from './machine.mjs';

/** Splits peers into those that are here (what their function gave) and those that are not (the error, which becomes the row). */
export function present(peers) {
  const there = {};
  const missing = {};
  for (const [name, make] of Object.entries(peers)) {
    try {
      there[name] = make();
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      missing[name] = error;
    }
  }
  return { there, missing };
}
