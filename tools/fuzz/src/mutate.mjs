/** Characters of an input. */
export const inputLimit = 4096;

const odd = ['\0', '\n', '\r\n', '\t', ' ', '"', '\'', '\\', '$', '{', '}', ';', ',', '=', '+', '#', '/', '*', '.', '\x7f', '\u00a0', 'é', '\u2028', '\ufeff', '\ud800', '\udc00', '😀', '0', '-1', '65536', '__proto__'];

function span(text, { below }) {
  const from = below(text.length + 1);
  return [from, Math.min(text.length, from + 1 + below(below(4) === 0 ? text.length + 1 : 8))];
}

/** Each makes of a text another one. */
const changes = [
  (text, r) => { const [a, b] = span(text, r); return text.slice(0, a) + text.slice(b); },
  (text, r) => { const [a, b] = span(text, r); return text.slice(0, b) + text.slice(a, b) + text.slice(b); },
  (text, r) => { const [a, b] = span(text, r); return text.slice(0, b) + text.slice(a, b).repeat(1 + r.below(64)) + text.slice(b); },
  (text, r) => { const [a, b] = span(text, r); const at = r.below(text.length + 1); return text.slice(0, at) + text.slice(a, b) + text.slice(at); },
  (text, r) => { const at = r.below(text.length + 1); return text.slice(0, at) + r.pick(odd) + text.slice(at); },
  (text, r) => { const at = r.below(text.length + 1); return text.slice(0, at) + r.pick(odd) + text.slice(at + 1); },
  (text, r) => { const at = r.below(text.length + 1); return text.slice(0, at) + String.fromCharCode(r.below(r.pick([128, 128, 128, 256, 65536]))) + text.slice(at + 1); },
  (text, r, { words }) => { const at = r.below(text.length + 1); return text.slice(0, at) + r.pick(words) + text.slice(at); },
  (text, r, { words }) => { const [a, b] = span(text, r); return text.slice(0, a) + r.pick(words) + text.slice(b); },
  (text, r, { corpus }) => { const other = r.pick(corpus); const [a, b] = span(other, r); const at = r.below(text.length + 1); return text.slice(0, at) + other.slice(a, b) + text.slice(at); },
  (text, r, { corpus }) => { const other = r.pick(corpus); return text.slice(0, r.below(text.length + 1)) + other.slice(r.below(other.length + 1)); },
];

/** A text of the corpus, every second time one of the newest, changed one to six times. */
export function mutate(r, from) {
  const { corpus } = from;
  let text = r.below(2) === 0 ? r.pick(corpus) : corpus[corpus.length - 1 - r.below(Math.min(8, corpus.length))];
  for (let times = 1 + r.below(6); times > 0; times--) text = r.pick(changes)(text, r, from).slice(0, inputLimit);
  return text;
}
