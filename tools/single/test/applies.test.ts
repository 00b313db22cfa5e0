import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { notInSingle, whyNot } from '../src/applies.ts';

const root = path.resolve(import.meta.dirname, '../../..');

interface Report {
  readonly testResults: readonly { readonly name: string; readonly assertionResults: readonly { readonly title: string; readonly status: string; readonly failureMessages: readonly string[] }[] }[];
}

test('what is left out of the single build is what fails there, and nothing else', async () => {
  const files = [...new Set(notInSingle.map(({ file }) => file))];
  for (const file of files) expect(existsSync(path.join(root, file)), file).toBe(true);
  const scratch = mkdtempSync(path.join(tmpdir(), 'vimage-single-'));
  try {
    const report = path.join(scratch, 'report.json');
    const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
    const child = spawn(process.execPath, [vitest, 'run', '--project', 'single', '--reporter=json', `--outputFile=${report}`, ...files], {
      cwd: root, env: { ...process.env, VIMAGE_SINGLE_ALL: '1' }, stdio: 'ignore',
    });
    await once(child, 'exit');
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
    expect(testResults.map(({ name }) => path.relative(root, name)).sort()).toEqual([...files].sort());
    const wrong = testResults.flatMap(({ name, assertionResults }) => {
      const file = path.relative(root, name);
      return assertionResults
        .filter(({ title, status }) => (status === 'failed') !== (whyNot(file, title) !== undefined))
        .map(({ title, status }) => `${file}: ${title}: ${status}`);
    });
    expect(wrong).toEqual([]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
