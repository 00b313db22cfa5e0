import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { needRoot } from '../../linux/test/rights.ts';

const run = promisify(execFile);
const suites = fileURLToPath(new URL('suites', import.meta.url));
const vitest = path.join(path.dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const boundary = fileURLToPath(new URL('../../../tools/boundary/node_modules', import.meta.url));

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly text: string;
}

/** Runs suites as a user does: by the vitest there is, with the built packages. */
async function suite(name: string, words: readonly string[] = [], { node = process.execPath, setup = '', root = suites } = {}): Promise<Outcome> {
  const args = [vitest, 'run', '--root', root, '--reporter=json', ...words, ...(name === '' ? [] : [name])];
  const env = { PATH: process.env['PATH'], VIMAGE_INVARIANTS: '1', ...(setup === '' ? {} : { SETUP: setup }) };
  const { stdout, stderr } = await run(node, args, { env, timeout: 100_000 }).catch((error: unknown) => {
    if (error instanceof Error && 'stdout' in error && 'stderr' in error) return { stdout: String(error.stdout), stderr: String(error.stderr) };
    throw error;
  });
  const report: unknown = JSON.parse(stdout.slice(stdout.indexOf('{"num')));
  const number = (key: string): number => Number(Reflect.get(Object(report), key));
  return { passed: number('numPassedTests'), failed: number('numFailedTests'), text: stdout + stderr };
}

const nodes = ['20', '22', '24'].map((version) => ({ version, node: `${boundary}/node-${version}/bin/node` })).filter(({ node }) => existsSync(node));

describe.skipIf(needRoot.missing)(`by vitest${needRoot.note}`, () => {
  test.each(nodes)('on Node $version', async ({ node }) => {
    expect(await suite('fixtures', [], { node })).toMatchObject({ passed: 17, failed: 0 });
    expect(await suite('in-image', [], { node })).toMatchObject({ passed: 6, failed: 0 });
    expect(await suite('setup', [], { node, setup: '@vimage/vitest/setup' })).toMatchObject({ passed: 6, failed: 0 });
  }, 200_000);

  test.each([['--pool=threads'], ['--pool=threads', '--no-isolate', '--maxWorkers=1'], ['--sequence.shuffle']])('%s %s', async (...words) => {
    const [fixtures, inImage] = [await suite('fixtures', words), await suite('in-image', words)];
    expect(fixtures, fixtures.text).toMatchObject({ passed: 17, failed: 0 });
    expect(inImage, inImage.text).toMatchObject({ passed: 6, failed: 0 });
  }, 200_000);

  test('what the README says', async () => {
    const dir = mkdtempSync(path.join(suites, 'readme-'));
    try {
      const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
      const files = [...readme.matchAll(/^```ts (\S+)\n([^]*?)^```$/gm)];
      for (const [, name = '', text = ''] of files) writeFileSync(path.join(dir, name), text);
      writeFileSync(path.join(dir, 'vitest.config.ts'), 'export default {};');
      const outcome = await suite('', [], { root: dir });
      expect(outcome, outcome.text).toMatchObject({ passed: 7, failed: 0 });
      expect(files.length).toBe(4);
    } finally {
      rmSync(dir, { recursive: true });
    }
  }, 100_000);

  test('tests that fail leave nothing either', async () => {
    const outcome = await suite('failing');
    expect(outcome).toMatchObject({ passed: 0, failed: 3 });
    expect(outcome.text).toMatch(/as it was told/);
  }, 100_000);
});
