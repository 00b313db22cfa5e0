export const words = [' '];

/** Five letters in a row: by chance they hardly ever come, one after the other in some ten thousand inputs each. */
export function run(text) {
  if (text[0] !== 'v') return;
  if (text[1] !== 'i') return;
  if (text[2] !== 'm') return;
  if (text[3] !== 'a') return;
  if (text[4] !== 'g') return;
  throw new TypeError('found');
}
