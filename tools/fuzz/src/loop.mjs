import { inputLimit, mutate } from './mutate.mjs';
import { random } from './random.mjs';

/** Inputs between two looks at the coverage, which costs as much as hundreds of them. */
const batchSize = 128;
/** Milliseconds that one input may take. */
const slow = 1000;

/**
 * Runs a target on the corpus, then on `runs` changes of it. `attempt` runs one input and throws if it fails. What reaches something new joins the
 * corpus.
 */
export function loop({ words, corpus: given, runs, seed, coverage, attempt }) {
  const corpus = [];
  const timed = (text) => {
    const started = performance.now();
    attempt(text);
    // A second time, as the machine may have been busy elsewhere.
    if (performance.now() - started < slow) return;
    const again = performance.now();
    attempt(text);
    if (performance.now() - again >= slow) throw new Error(`takes longer than ${slow} ms`);
  };
  /** Those inputs of a batch that reach something new: halves that do not are left alone. */
  const reaching = (batch) => {
    for (const text of batch) timed(text);
    if (batch.length === 1) return coverage.add() > 0 ? batch : [];
    if (coverage.take() === 0) return [];
    const half = batch.length >> 1;
    return [...reaching(batch.slice(0, half)), ...reaching(batch.slice(half))];
  };
  for (const text of given.length > 0 ? given : ['']) {
    corpus.push(text.slice(0, inputLimit));
    timed(text);
  }
  coverage.add();
  const first = corpus.length;
  const r = random(seed);
  for (let done = 0; done < runs;) {
    const batch = Array.from({ length: Math.min(batchSize, runs - done) }, () => mutate(r, { words, corpus }));
    corpus.push(...reaching(batch));
    done += batch.length;
  }
  return { corpus, kept: corpus.length - first, percent: coverage.percent };
}

/** The inputs of a corpus that are enough to reach what it reaches, short ones first. */
export function least({ corpus, coverage, attempt }) {
  coverage.forget();
  return corpus.toSorted((a, b) => a.length - b.length).filter((text) => {
    attempt(text);
    return coverage.add() > 0;
  }).sort();
}
