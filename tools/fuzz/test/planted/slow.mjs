export const words = ['x'];

export function run(text) {
  if (!text.startsWith('x')) return;
  for (const until = performance.now() + 1100; performance.now() < until;);
}
