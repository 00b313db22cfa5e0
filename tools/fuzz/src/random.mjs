/** Numbers that a seed fixes (xorshift32); `below(n)` is one from 0 to n-1. */
export function random(seed) {
  let state = (seed >>> 0) || 1;
  const below = (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
  return { below, pick: (list) => list[below(list.length)] };
}
