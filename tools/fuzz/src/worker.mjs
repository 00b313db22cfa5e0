// Runs in a worker, so that what hangs or eats memory can be ended and its input told.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { Coverage } from './coverage.mjs';
import { least, loop } from './loop.mjs';

const { file, corpus, only, runs, seed, shared, least: wanted } = workerData;
const counts = new Int32Array(shared, 0, 2);
const input = new Uint16Array(shared, 8);

const url = pathToFileURL(file).href;
const coverage = new Coverage(url, readFileSync(file, 'utf8').length);
coverage.start();
const { run, words } = await import(url);

/** Leaves the input where the main thread finds it, whatever becomes of this one. */
function attempt(text) {
  for (let i = 0; i < text.length; i++) input[i] = text.charCodeAt(i);
  counts[1] = text.length;
  Atomics.add(counts, 0, 1);
  run(text);
}

if (only !== undefined) {
  attempt(only);
  parentPort.postMessage({ kept: 0, percent: 0 });
} else {
  coverage.take();
  const { corpus: reached, kept, percent } = loop({ words, corpus, runs, seed, coverage, attempt });
  parentPort.postMessage({ kept, percent, least: wanted ? least({ corpus: reached, coverage, attempt }) : [] });
}
