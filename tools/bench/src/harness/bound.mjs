import { pairedRatios, summary } from './stats.mjs';

function number(value) {
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function bound(kind, limit, text, invert, met, unit) {
  return {
    kind,
    limit,
    text,
    /** Ratios of our costs to theirs, the right way up for this bound. */
    ratios: (ours, theirs) => (invert ? pairedRatios(theirs, ours) : pairedRatios(ours, theirs)),
    /** Summary of ratios that are the right way up, and whether the bound holds. */
    judge: (ratios) => {
      const s = summary(ratios);
      return { ...s, reached: met(s.median) };
    },
    show: ({ median, q1, q3 }) => `${number(median)}${unit} (${number(q1)}–${number(q3)})`,
  };
}

/** Our cost is at most `limit` times theirs. */
export function atMost(limit) {
  return bound('at most', limit, `≤ ${limit} ×`, false, (r) => r <= limit, ' ×');
}

/** Their cost is at least `limit` times ours; 1: we are faster at all. */
export function faster(limit) {
  return bound('faster', limit, limit === 1 ? 'faster' : `≥ ${limit} × faster`, true, (r) => (limit === 1 ? r > 1 : r >= limit), ' × faster');
}

/** Our rate is at least `limit` of theirs. Takes rates, not costs. */
export function atLeast(limit) {
  return bound('at least', limit, `≥ ${limit}`, false, (r) => r >= limit, '');
}
