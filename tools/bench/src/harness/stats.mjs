/** The value below which a share `q` (0 to 1) of them lies, interpolated linearly. */
export function quantile(values, q) {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  return below + (above - below) * (at - Math.floor(at));
}

export function median(values) {
  return quantile(values, 0.5);
}

/** a[i] / b[i]: what was measured in the same round is compared, nothing else. */
export function pairedRatios(a, b) {
  if (a.length !== b.length) throw new RangeError(`${a.length} values against ${b.length}`);
  return a.map((value, i) => {
    if (!(value > 0) || !(b[i] > 0)) throw new RangeError(`round ${i}: ${value} against ${b[i]}: both must be positive`);
    return value / b[i];
  });
}

/** Median and quartiles of paired ratios. */
export function summary(ratios) {
  return { median: median(ratios), q1: quantile(ratios, 0.25), q3: quantile(ratios, 0.75), rounds: ratios.length };
}
