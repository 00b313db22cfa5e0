// npm test: installs, builds, checks types and lint, runs every test. Arguments go to vitest. The last line counts.
// As root, tests run in rooms (tools/room): they meet nothing of this machine. All of them are dealt to two rooms that run side by side.
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { bin, build, install, must, root } from './lib.mjs';

install();
build();
must(bin('tsc'), ['-b']);
// Side by side: neither needs what the other makes.
const checks = [['tsc', '-p', 'tsconfig.tests.json'], ['eslint', '.']].map(([name, ...args]) => once(spawn(bin(name), args, { cwd: root, stdio: 'inherit' }), 'close'));
for (const [status] of await Promise.all(checks)) if (status !== 0) process.exit(status ?? 1);

const scratch = mkdtempSync(path.join(tmpdir(), 'vimage-test-'));
const given = process.argv.slice(2);
const shards = given.length > 0 ? [[]] : [['--shard=1/2'], ['--shard=2/2']];

async function runShard(words, number) {
  const report = path.join(scratch, `report-${number}.json`);
  const args = [path.join(root, 'tools/scripts/vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...words, ...given];
  const alone = shards.length === 1;
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', alone ? 'inherit' : 'pipe', alone ? 'inherit' : 'pipe'],
    env: { ...process.env, VIMAGE_INVARIANTS: '1', NO_COLOR: alone && process.stdout.isTTY ? '' : '1' },
  });
  for (const stream of [child.stdout, child.stderr]) {
    // Line by line, so that what two say does not run together.
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => console.log(line));
  }
  const [code] = await once(child, 'close');
  try {
    return { code, ...JSON.parse(readFileSync(report, 'utf8')) };
  } catch {
    return { code: code || 1, numFailedTests: 0, numPassedTests: 0, numPendingTests: 0 };
  }
}

let results;
try {
  results = await Promise.all(shards.map(runShard));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const sum = (key) => results.reduce((total, each) => total + each[key], 0);
const broken = results.some(({ code }) => code !== 0);
const failed = Math.max(sum('numFailedTests'), broken ? 1 : 0);
const skipped = sum('numPendingTests') > 0 ? `, ${sum('numPendingTests')} skipped` : '';
console.log(`${sum('numPassedTests')} passed, ${failed} failed${skipped}`);
process.exitCode = failed > 0 ? 1 : 0;
