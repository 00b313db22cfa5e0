export const words = ['x'];

export function run(text) {
  if (!text.startsWith('x')) return;
  const all = [];
  for (;;) all.push({ text: [text] });
}
