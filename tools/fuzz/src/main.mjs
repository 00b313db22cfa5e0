// npm run fuzz -- NAME [--runs N] [--seed N] [--keep] [--input FILE]
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.mjs';
import { watch } from './watch.mjs';

const here = fileURLToPath(new URL('..', import.meta.url));
const names = readdirSync(path.join(here, 'targets')).map((each) => path.basename(each, '.ts'));
const { values, positionals: [name, ...more] } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string', default: String(Date.now() % 1e9) }, keep: { type: 'boolean', default: false }, input: { type: 'string' } },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
if (!names.includes(name) || more.length > 0 || !Number.isSafeInteger(runs) || runs < 0 || !Number.isSafeInteger(seed)) {
  console.error(`usage: npm run fuzz -- NAME [--runs N] [--seed N] [--keep] [--input FILE]\nNAME is one of: ${names.join(', ')}`);
  process.exit(2);
}

const load = (file) => JSON.parse(readFileSync(file, 'utf8'));
const corpusFile = path.join(here, 'corpus', `${name}.json`);

/** Inputs are kept as JSON, as half of a surrogate pair has no UTF-8. */
function saveFound(text) {
  const found = path.join(here, 'found');
  mkdirSync(found, { recursive: true });
  const file = path.join(found, `${name}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}.json`);
  writeFileSync(file, `${JSON.stringify(text)}\n`);
  return file;
}

const scratch = mkdtempSync(path.join(tmpdir(), 'vimage-fuzz-'));
try {
  const file = await bundle(name, scratch);
  const started = performance.now();
  const result = await watch({ file, corpus: load(corpusFile), runs, seed, only: values.input === undefined ? undefined : load(values.input), least: values.keep });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  if (result.why === undefined) {
    if (values.keep) writeFileSync(corpusFile, `${JSON.stringify(result.least, null, 0).replaceAll('","', '",\n"')}\n`);
    console.log(`${name}: ${result.count} inputs in ${seconds} s, ${result.percent} % of the code reached, ${result.kept} inputs reached more than the corpus (seed ${seed})`);
  } else {
    console.error(`${name}: ${result.why}\ninput ${result.count} (seed ${seed}): ${JSON.stringify(result.input)}\nwritten to ${saveFound(result.input)}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
