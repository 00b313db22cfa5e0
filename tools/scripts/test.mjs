// npm test: installs, builds, checks types and lint, runs every test. Arguments go to vitest. The last line counts.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bin, build, install, must, run } from './lib.mjs';

install();
build();
must(bin('tsc'), ['-b']);
must(bin('eslint'), ['.']);

const scratch = mkdtempSync(path.join(tmpdir(), 'vimage-test-'));
const report = path.join(scratch, 'report.json');
const status = run(bin('vitest'), ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)], {
  env: { ...process.env, VIMAGE_INVARIANTS: '1', NO_COLOR: process.stdout.isTTY ? '' : '1' },
});
let counts;
try {
  counts = JSON.parse(readFileSync(report, 'utf8'));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const failed = Math.max(counts.numFailedTests, status === 0 ? 0 : 1);
const skipped = counts.numPendingTests > 0 ? `, ${counts.numPendingTests} skipped` : '';
console.log(`${counts.numPassedTests} passed, ${failed} failed${skipped}`);
process.exitCode = failed > 0 ? 1 : status;
