export const words = ['x'];

export function run(text) {
  while (text.startsWith('x'));
}
