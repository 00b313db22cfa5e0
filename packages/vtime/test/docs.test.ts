import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { vtimeParams } from '../src/index.ts';

test('docs/time.md shows every parameter, by its example', () => {
  const rows = readFileSync(new URL('../../../docs/time.md', import.meta.url), 'utf8').split('\n').filter((line) => line.startsWith('| `'));
  for (const [key, { example }] of Object.entries(vtimeParams)) expect(rows.find((line) => line.startsWith(`| \`${key}\` |`)), key).toContain(`\`${example}\``);
});
